import Core
import Foundation
import Synchronization
import Targets

/// Asks a worker, one question after the other.
///
/// A worker is started at the first question and never again: what it trained is lost with it. One that says nothing for too
/// long, or what is no answer, is ended.
final class WorkerClient: Sendable {
  private enum Answer: Sendable {
    case frame(Frame)
    /// The worker is gone; a clause.
    case lost(String)
    case late
    case cancelled
  }

  private struct State {
    var process: MessageProcess?
    /// Why there is no worker any more, and never will be; a clause.
    var ended: String?
    var nextID = 0
    var waiting: (id: Int, continuation: CheckedContinuation<Answer, Never>)?
    /// Asked and given up: an answer that comes yet is ignored.
    var givenUp: Set<Int> = []
    /// Policies that are needed no more, to be told with the next question.
    var dropped: [Int] = []
    /// The last texts that it was given or gave: no message may repeat them.
    var privateTexts: [String] = []
  }

  private let name: String
  private let program: MessageProcess.Program
  private let limit = FrameCutter.Limit()
  private let timeout: Duration
  private let redactor: Redactor
  private let clock: RetryClock
  private let permits = Permits(1)
  private let state = Mutex(State())

  /// Texts that are kept from messages.
  private static let mostPrivate = 1_024

  /// - Parameters:
  ///   - name: what messages call the worker.
  ///   - environment: the only variables that it gets.
  ///   - timeout: longest wait for one answer.
  init(
    name: String, executable: String, arguments: [String], environment: [String: String], timeout: Duration,
    redactor: Redactor, clock: RetryClock
  ) {
    self.name = name
    self.timeout = timeout
    self.redactor = redactor
    self.clock = clock
    program = MessageProcess.Program(
      executable: executable, arguments: arguments, environment: environment, what: "the attacker's command",
      cutter: FrameCutter(limit: limit))
  }

  deinit { state.withLock { $0.process }?.end("the run has ended") }

  /// Notes that a policy is needed no more.
  func drop(_ policy: Int) { state.withLock { $0.dropped.append(policy) } }

  /// Keeps texts from messages.
  func keepPrivate(_ texts: [String]) {
    state.withLock { $0.privateTexts = ($0.privateTexts + texts).suffix(Self.mostPrivate) }
  }

  /// - Parameters:
  ///   - most: numbers of four bytes that the answer may have.
  ///   - read: takes the answer apart.
  /// - Throws: `SluiceError` (unavailable) where no good answer comes; `CancellationError`.
  func ask<Result: Sendable>(
    _ op: String, _ members: [JSON.Member] = [], _ arrays: [Frame.Array] = [], most: Int = 0,
    read: (Frame) throws(FrameError) -> Result
  ) async throws -> Result {
    let came = try await permits.withPermit {
      limit.most = 4 * most
      return await answer(op, members, arrays)
    }
    switch came {
    case .cancelled: throw CancellationError()
    case .lost(let reason): throw error(reason)
    case .late:
      let reason = "it gave no answer to '\(op)' within \(Int(timeout.components.seconds)) s"
      end(reason)
      throw error(reason)
    case .frame(let frame):
      if let said = frame["error"] {
        throw error("it answered '\(op)' with an error: \(shown(said.string ?? "no text"))")
      }
      do throws(FrameError) {
        return try read(frame)
      } catch {
        let reason = "\(error.clause), in answer to '\(op)'"
        end(reason)
        throw self.error(reason)
      }
    }
  }

  private func answer(_ op: String, _ members: [JSON.Member], _ arrays: [Frame.Array]) async -> Answer {
    var timer: Task<Void, any Error>?
    defer { timer?.cancel() }
    let (id, dropped) = state.withLock { state in
      state.nextID += 1
      defer { state.dropped = [] }
      return (state.nextID, state.dropped)
    }
    var header: [JSON.Member] = [.init("id", .integer(id)), .init("op", .string(op))] + members
    if !dropped.isEmpty { header.append(.init("drop", .array(dropped.map(JSON.integer)))) }
    let question = Frame(header, arrays).encoded()
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let refusal = state.withLock { state -> Answer? in
          if let ended = state.ended { return .lost(ended) }
          // A cancellation from here on finds the question waiting.
          if Task.isCancelled { return .cancelled }
          state.waiting = (id, continuation)
          process(&state).send(question)
          return nil
        }
        if let refusal { return continuation.resume(returning: refusal) }
        timer = Task {
          try await clock.sleep(timeout)
          resolve(id, .late)
        }
      }
    } onCancel: {
      resolve(id, .cancelled)
    }
  }

  private func process(_ state: inout State) -> MessageProcess {
    if let process = state.process { return process }
    let process = MessageProcess(program) { [weak self] event in self?.note(event) }
    state.process = process
    process.start()
    return process
  }

  private func resolve(_ id: Int, _ answer: Answer) {
    let continuation = state.withLock { state -> CheckedContinuation<Answer, Never>? in
      guard let waiting = state.waiting, waiting.id == id else { return nil }
      state.waiting = nil
      if case .frame = answer {} else { state.givenUp.insert(id) }
      return waiting.continuation
    }
    continuation?.resume(returning: answer)
  }

  private func note(_ event: MessageProcess.Event) {
    switch event {
    case .message(let bytes):
      do throws(FrameError) {
        let frame = try Frame(bytes)
        let id = try frame.integer("id")
        let isKnown = state.withLock { $0.waiting?.id == id || $0.givenUp.remove(id) != nil }
        guard isKnown else { throw FrameError(clause: "it answered what it wasn't asked, or twice") }
        resolve(id, .frame(frame))
      } catch {
        state.withLock { $0.process }?.end(error.clause)
      }
    case .ended(let reason):
      let waiting = state.withLock { state in
        state.process = nil
        state.ended = state.ended ?? reason
        defer { state.waiting = nil }
        return state.waiting?.continuation
      }
      waiting?.resume(returning: .lost(state.withLock { $0.ended } ?? reason))
    }
  }

  private func end(_ reason: String) {
    state.withLock { state in
      state.ended = state.ended ?? reason
      return state.process
    }?.end(reason)
  }

  // MARK: - What is told of it

  private func error(_ reason: String) -> SluiceError {
    SluiceError(
      .unavailable, "the attacker's engine \(name): \(shown(reason))",
      remedy: "See why, then go on with sluice run --resume; what was answered is stored.")
  }

  /// A reason without what it must not give away.
  private func shown(_ reason: String) -> String {
    redactor.presentable(reason, privateTexts: state.withLock(\.privateTexts)) ?? "it failed, in words that are private"
  }
}
