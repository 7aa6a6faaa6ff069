import Core
import Foundation
import Synchronization

/// Asks a program that answers JSON lines: requests on its standard input, replies on its standard output, in any order.
///
/// A program that dies, or writes what is no reply, is started again a bounded number of times; what it was asked is then asked
/// once more. After that every question fails as unreachable.
final class CommandClient: ModelClient {
  struct Settings: Hashable, Sendable {
    /// Program and arguments; no shell is involved.
    var command: [String]
    /// Names of the only variables that the program gets.
    var variables: [String] = []
    /// Starts after the first.
    var restarts = 3
  }

  private enum Answer: Sendable {
    case line([UInt8])
    /// The program is gone; a clause.
    case lost(String)
    case late
    case cancelled
  }

  private struct State {
    var process: MessageProcess?
    /// How often the program was started.
    var starts = 0
    var ended: String?
    var nextID = 0
    var waiting: [String: CheckedContinuation<Answer, Never>] = [:]
    /// Asked and given up: an answer that comes yet is ignored.
    var givenUp: Set<String> = []
  }

  private let configuration: ServerConfiguration
  private let settings: Settings
  private let program: MessageProcess.Program
  private let redactor: Redactor
  private let permits: Permits
  private let clock: RetryClock
  private let state = Mutex(State())

  let identity: String
  var shownName: String { configuration.shownModel }
  var revision: String? { configuration.shownRevision }
  var notices: [String] { [] }
  var concurrency: Int { configuration.concurrency }
  var width: Int { configuration.concurrency }
  var probeRetries: Int { 1 }

  /// - Parameters:
  ///   - environment: where the program is looked for (`PATH`), and what it gets some of.
  /// - Throws: `SluiceError` (64) where there is no such program.
  init(
    _ configuration: ServerConfiguration, _ settings: Settings,
    environment: [String: String] = ProcessInfo.processInfo.environment, clock: RetryClock = .continuous
  ) throws {
    self.configuration = configuration
    self.settings = settings
    self.clock = clock
    let given = environment.filter { settings.variables.contains($0.key) }
    redactor = configuration.redactor.union(given.filter { WebAddress.namesSecret($0.key) }.map(\.value))
    program = MessageProcess.Program(
      executable: try ExecutablePath.find(
        settings.command.first ?? "", what: "the target's command", path: environment["PATH"]),
      arguments: settings.command, environment: given, what: "the target's command",
      cutter: LineCutter(longest: configuration.maxResponseBytes))
    permits = Permits(configuration.concurrency)
    let command = JSON.array([.strings(settings.command), .strings(settings.variables.sorted())]).serialized()
    identity = CommandClient.identity(configuration, configuration.redactor.hashed(command))
  }

  deinit { state.withLock { $0.process }?.end("the run has ended") }

  private static func identity(_ configuration: ServerConfiguration, _ command: String) -> String {
    let parts = [configuration.shownRevision.map { "command@" + $0 } ?? "command", command, configuration.shownModel]
    return parts.map { $0.replacing("%", with: "%25").replacing("|", with: "%7C") }.joined(separator: "|")
  }

  func content(_ prompt: String, _ settings: SamplingSettings) -> ServerQuestion.Content { .chat(prompt, settings) }
  func objection(to conversation: Conversation) -> ConversationObjection? { nil }

  func signs() async throws -> ServerSigns { ServerSigns() }

  /// Tries after the first, of a question that the program didn't live to answer.
  private static let retries = 1

  func ask(_ question: ServerQuestion, retries: Int?) async throws -> Result<ServerReply, ResponseFailure> {
    try await permits.withPermit {
      var left = min(retries ?? Self.retries, Self.retries)
      while true {
        let began = clock.now()
        switch try await answer(to: question) {
        case .line(let line): return reply(line, question, latency: (clock.now() - began).inSeconds)
        case .late:
          return .failure(failure(.unreachable, "no answer within \(configuration.timeout.components.seconds) s"))
        case .cancelled: throw CancellationError()
        case .lost(let reason):
          guard left > 0, state.withLock({ $0.ended }) == nil else {
            return .failure(failure(.unreachable, said(reason, question)))
          }
          left -= 1
        }
      }
    }
  }

  // MARK: - One try

  private func answer(to question: ServerQuestion) async throws -> Answer {
    try Task.checkCancellation()
    let id = state.withLock { state in
      state.nextID += 1
      return String(state.nextID)
    }
    var timer: Task<Void, any Error>?
    defer { timer?.cancel() }
    let line = Self.request(question, id: id)
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let refusal = state.withLock { state -> Answer? in
          if let ended = state.ended { return .lost(ended) }
          // A cancellation from here on finds the question waiting.
          if Task.isCancelled { return .cancelled }
          state.waiting[id] = continuation
          process(&state).send(line + [UInt8(ascii: "\n")])
          return nil
        }
        if let refusal { return continuation.resume(returning: refusal) }
        // Begun when the question waits: an earlier end of it would be missed.
        timer = Task {
          try await clock.sleep(configuration.timeout)
          resolve(id, .late)
        }
      }
    } onCancel: {
      resolve(id, .cancelled)
    }
  }

  /// The program, started where it doesn't run.
  private func process(_ state: inout State) -> MessageProcess {
    if let process = state.process { return process }
    state.starts += 1
    let process = MessageProcess(program) { [weak self] event in self?.note(event) }
    state.process = process
    process.start()
    return process
  }

  private func resolve(_ id: String, _ answer: Answer) {
    let continuation = state.withLock { state -> CheckedContinuation<Answer, Never>? in
      guard let continuation = state.waiting.removeValue(forKey: id) else { return nil }
      if case .line = answer {} else { state.givenUp.insert(id) }
      return continuation
    }
    continuation?.resume(returning: answer)
  }

  private func note(_ event: MessageProcess.Event) {
    switch event {
    case .message(let line):
      guard line.contains(where: { $0 > 0x20 }) else { return }
      let id = (try? JSON(foreign: line))?["id"].flatMap { $0.string ?? $0.integer.map(String.init) }
      let stranger = state.withLock { state -> MessageProcess? in
        guard let id, state.waiting[id] != nil || state.givenUp.remove(id) != nil else { return state.process }
        return nil
      }
      if let stranger {
        stranger.end(id == nil ? "it wrote a line that is no reply" : "it answered what it wasn't asked, or twice")
      } else if let id {
        resolve(id, .line(line))
      }
    case .ended(let reason):
      let lost = state.withLock { state -> [CheckedContinuation<Answer, Never>] in
        defer { (state.waiting, state.givenUp) = ([:], []) }
        state.process = nil
        if state.starts > settings.restarts {
          state.ended = reason + (state.starts > 1 ? ", and was started \(state.starts) times" : "")
        }
        return Array(state.waiting.values)
      }
      for continuation in lost { continuation.resume(returning: .lost(reason)) }
    }
  }

  // MARK: - Lines

  private static func request(_ question: ServerQuestion, id: String) -> [UInt8] {
    let settings: [JSON.Member] = [
      .init("temperature", .number(question.temperature)), .init("top_p", .number(question.topP)),
      .init("max_tokens", .integer(question.maxTokens)), .init("seed", .integer(question.portableSeed)),
    ]
    return JSON.object(
      [.init("id", .string(id)), .init("messages", .array(question.messages.map(\.json)))] + question.openAITools
        + [.init("settings", .object(settings))]
    ).serializedBytes()
  }

  private func reply(
    _ line: [UInt8], _ question: ServerQuestion, latency: Double
  ) -> Result<ServerReply, ResponseFailure> {
    do throws(MalformedReply) {
      return .success(try ServerReply(line: line, latency: latency, redactor: redactor))
    } catch {
      let text = error.report?.text.flatMap { redactor.presentable($0, privateTexts: question.privateTexts) }
      return .failure(failure(.malformed, error.message + (text.map { ": \($0)" } ?? "")))
    }
  }

  /// What the program's end is told as, without what it must not give away.
  private func said(_ reason: String, _ question: ServerQuestion) -> String {
    redactor.presentable(reason, privateTexts: question.privateTexts) ?? "it ended"
  }

  private func failure(_ kind: ResponseFailure.Kind, _ message: String) -> ResponseFailure {
    ResponseFailure(kind: kind, message: "the command of \(shownName): \(message)")
  }
}

extension ServerReply {
  /// Reads a line of a program: `{"id": …, "text": …}`, maybe with `finish_reason`, `reasoning`, `usage`, or `error` instead of
  /// the text.
  fileprivate init(line: [UInt8], latency: Double, redactor: Redactor) throws(MalformedReply) {
    let json = try ForeignJSON.value(line, redactor)
    let report = ServerReport(json)
    if report.isError { throw MalformedReply(message: "it answered with an error", report: report) }
    let calls = ToolCall.list(json["tool_calls"])
    guard let text = json["text"]?.string ?? (calls.isEmpty ? nil : "") else {
      throw MalformedReply(message: "its reply's text is \(json["text"]?.kind ?? "not there")")
    }
    let said = json["finish_reason"]?.string ?? FinishReason.stop
    if ServerFinish.isBroken(said) {
      throw MalformedReply(message: "it broke the reply off ('\(ServerFinish.reason(said))')")
    }
    self.init(
      text: redactor.redacted(text), finishReason: ProviderBlock.reason(said),
      hasReasoning: json["reasoning"]?.string?.isEmpty == false,
      promptTokens: json["usage"]?["prompt_tokens"], completionTokens: json["usage"]?["completion_tokens"],
      latency: latency, calls: calls)
  }
}
