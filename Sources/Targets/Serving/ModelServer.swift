import Core
import Foundation
import Logging
import Synchronization

/// A model server that belongs to a run: one process group with its watchdog, whose output is kept in a bounded log.
///
/// It is started once and never again: a server that ends while it is asked is lost.
public final class ModelServer: Sendable {
  /// How the policy wants it started.
  public let serving: Serving
  /// Path of the program.
  public let executable: String
  /// The port on this machine that it listens on.
  public let port: Int
  /// What tells what it serves from all else, in one line without secrets: the command, with the digests of program and files.
  public let identity: String
  /// Digest of weights, program and command; nil where no weights are among the files that the command names.
  public let revision: String?

  /// Bytes of the log; a longer one keeps its beginning and its end.
  static let logBytes = 16 << 20
  /// Between asking the server to end and ending it.
  static let grace = Duration.seconds(5)
  private static let shownLines = 5
  /// Bytes of the texts that no message may repeat, those of the newest questions: a look through them takes seconds at most.
  private static let privateBytes = 256 << 10

  private struct State {
    var hasStarted = false
    var isStopped = false
    /// Why it runs no more; nil while it runs.
    var ending: Ending?
    var log: String?
    var said = LastLines()
    /// Oldest first, each once.
    var privateTexts: [String] = []
    var privateBytes = 0
    /// Resumed when it has ended.
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private enum Ending {
    /// It could not be started.
    case failed(SluiceError)
    case ended(LoggedProcess.Ending)
  }

  private let arguments: [String]
  private let environment: [String: String]
  /// `http://127.0.0.1:8000`
  private let origin: String
  private let redactor: Redactor
  /// Nil where the policy has a port of its own.
  private let chosen: LoopbackPort?
  private let state = Mutex(State())

  /// - Parameters:
  ///   - url: where it is asked; its port is chosen here where it is `{{port}}`.
  ///   - environment: where the program is looked for (`PATH`), and what it gets some of.
  ///   - redactor: takes secrets out of what it writes.
  ///   - fingerprint: a file's or a checkpoint folder's digest.
  ///   - digest: a text's digest.
  /// - Throws: `SluiceError` (64) where there is no such program, or a file that the command names can't be read; (69) where no
  ///   port is free.
  init(
    _ serving: Serving, url: String, environment: [String: String], redactor: Redactor,
    fingerprint: (String) throws -> String, digest: (String) -> String
  ) throws {
    self.serving = serving
    let executable = try ExecutablePath.find(
      serving.command.first ?? "", what: "the server's command", path: environment["PATH"])
    let given = ProgramEnvironment.variables(of: environment, named: serving.variables)
    let command = CommandIdentity(
      serving.command, executable: executable, variables: serving.variables, given: given)
    let redactor = redactor.union(command.secrets)
    let hash = digest(try command.parts(redactor, fingerprint: fingerprint).serialized())
    identity = "serve \(hash)"
    revision = serving.namesWeights ? "serve \(hash.prefix(16))" : nil
    chosen = PortMark.isIn(url) ? try LoopbackPort() : nil
    let port = chosen?.number ?? ServerHost(url: url)?.port ?? 80
    arguments = serving.command.map { PortMark.filled($0, with: port) }
    let filled = PortMark.filled(url, with: port)
    let start = filled.firstRange(of: "://")?.upperBound ?? filled.startIndex
    origin = String(filled[..<start]) + filled[start...].prefix { !"/?#".contains($0) }
    self.environment = given
    (self.executable, self.port, self.redactor) = (executable, port, redactor)
  }

  /// Notes texts that what is shown of the log must not repeat.
  func keepPrivate(_ texts: [String]) {
    state.withLock { state in
      for text in texts where !state.privateTexts.contains(text) {
        state.privateTexts.append(text)
        state.privateBytes += text.utf8.count
        while state.privateBytes > Self.privateBytes, state.privateTexts.count > 1 {
          state.privateBytes -= state.privateTexts.removeFirst().utf8.count
        }
      }
    }
  }

  // MARK: - Its life

  /// Starts it and waits until it is ready.
  /// - Parameters:
  ///   - log: file of what it writes; nil where that is kept nowhere.
  ///   - whom: whose model it serves, for messages, for example `the candidate`.
  ///   - transport: nil for libcurl.
  ///   - progress: hears of a long wait.
  /// - Throws: `SluiceError`: (69) where its port is in use, and where it ends or isn't ready in time; (64) where the program or
  ///   its log can't be opened; `CancellationError`.
  public func start(
    log: String?, for whom: String, clock: RetryClock = .continuous, transport: (any HTTPTransport)? = nil,
    progress: WaitSink
  ) async throws {
    chosen?.letGo()
    if LoopbackPort.isTaken(port) {
      throw SluiceError(
        .unavailable, "port \(port) is in use already, and \(serving.program) is to serve \(whom) there",
        remedy: chosen == nil
          ? "End what listens there, or write \(PortMark.text) in url and command for a port that is free."
          : "Run it again: another port will be chosen.")
    }
    state.withLock { ($0.hasStarted, $0.log) = (true, log) }
    Logger.servers.info("server started", metadata: logged)
    let began = clock.now()
    let thread = Thread { [self] in end(live(log: log)) }
    thread.name = "sluice-server"
    thread.start()
    try await waitUntilReady(whom, clock, transport ?? CurlTransport(), progress)
    Logger.servers.info("server ready", metadata: logged.merging(["seconds": (clock.now() - began).logged]) { $1 })
  }

  /// What a log says of it: its arguments may hold secrets.
  private var logged: Logger.Metadata { ["program": "\(serving.program)", "port": .stringConvertible(port)] }

  /// Why it no longer serves; nil while it does, and where it was ended from here.
  public func loss(for whom: String) -> SluiceError? {
    let (ending, isStopped) = state.withLock { ($0.ending, $0.isStopped) }
    if isStopped { return nil }
    switch ending {
    case nil: return nil
    case .failed(let error): return error
    case .ended(let how):
      return SluiceError(
        .unavailable, "\(serving.program), which serves \(whom), \(how)\(lastWords)",
        remedy: "\(logRemedy)See why it ended; what was answered is stored.")
    }
  }

  /// Ends it with everything that it started, and returns when nothing of it is left.
  public func stop() async {
    await withCheckedContinuation { continuation in
      let isOver = state.withLock { state in
        state.isStopped = true
        guard state.hasStarted, state.ending == nil else { return true }
        state.waiting.append(continuation)
        return false
      }
      if isOver { continuation.resume() }
    }
  }

  private func live(log path: String?) -> Ending {
    let nothing = open("/dev/null", O_RDONLY | O_CLOEXEC)
    defer { close(nothing) }
    do {
      let log = try path.map {
        try BoundedLog(path: $0, what: "the server's log", limit: Self.logBytes, redactor: redactor)
      }
      defer { log?.close() }
      let outcome = try LoggedProcess(
        executable: executable, arguments: arguments, what: "the server's command", environment: environment,
        standardInput: nothing, grace: Self.grace
      ).run(isCancelled: { [self] in state.withLock(\.isStopped) }) { [self] bytes in
        log?.append(bytes)
        state.withLock { $0.said.take(bytes) }
      }
      return .ended(outcome.ending)
    } catch let error as SluiceError {
      return .failed(error)
    } catch {
      return .failed(SluiceError(.internalError, "\(error)"))
    }
  }

  private func end(_ ending: Ending) {
    let (waiting, isStopped) = state.withLock { state in
      state.ending = ending
      defer { state.waiting = [] }
      return (state.waiting, state.isStopped)
    }
    let how =
      switch ending {
      case .failed: "could not be started"
      case .ended(let how): how.description
      }
    Logger.servers.log(
      level: isStopped ? .info : .error, isStopped ? "server stopped" : "server lost",
      metadata: logged.merging(["ending": "\(how)"]) { $1 })
    for continuation in waiting { continuation.resume() }
  }

  // MARK: - Readiness

  /// Pauses between looks, and the longest wait for one answer.
  private static let pause = Duration.milliseconds(100)
  private static let patience = Duration.seconds(5)
  /// A wait that is no longer is not worth a line.
  private static let quietWait = Duration.seconds(5)
  private static let tellingInterval = Duration.seconds(10)

  private func waitUntilReady(
    _ whom: String, _ clock: RetryClock, _ transport: any HTTPTransport, _ progress: WaitSink
  ) async throws {
    let began = clock.now()
    let url = origin + serving.ready
    var nextTelling = Self.quietWait
    while true {
      let waited = clock.now() - began
      let answer = try await answer(
        url, within: min(Self.patience, max(serving.timeout - waited, Self.pause)), transport)
      // Asked after the answer: another program may have been given the port in the meantime.
      if let loss = loss(for: whom) { throw loss }
      guard let answer else { return }
      let now = clock.now() - began
      if now >= serving.timeout {
        throw SluiceError(
          .unavailable,
          "\(serving.program), which is to serve \(whom), was not ready within \(serving.timeout.components.seconds) s: "
            + "GET \(url) \(answer)\(lastWords)",
          remedy:
            "\(logRemedy)Set serve.ready to a path that answers 200 once the model is loaded, or raise serve.timeout.")
      }
      if now >= nextTelling {
        progress("waiting for \(serving.program), \(now.components.seconds) s (GET \(url) \(answer))")
        nextTelling = now + Self.tellingInterval
      }
      try await clock.sleep(Self.pause)
    }
  }

  /// What came instead of 200, as a clause without its subject; nil where the server is ready.
  private func answer(
    _ url: String, within limit: Duration, _ transport: any HTTPTransport
  ) async throws -> String? {
    let bounds = HTTPRequest.Bounds(connect: limit, total: limit, stall: limit, bodyBytes: 1 << 20)
    do {
      let status = try await transport.send(HTTPRequest(method: .get, url: url, bounds: bounds)).status
      return status == 200 ? nil : "answers \(status)"
    } catch let failure as TransportFailure {
      return "gets no answer: \(failure.message)"
    }
  }

  // MARK: - What it said

  private var lastWords: String {
    let (lines, texts) = state.withLock { ($0.said.lines(Self.shownLines), $0.privateTexts) }
    let shown = lines.compactMap { redactor.presentable($0, privateTexts: texts) }
    return shown.isEmpty ? "; it wrote nothing" : "; its last lines: " + shown.joined(separator: " | ")
  }

  private var logRemedy: String { state.withLock(\.log).map { "Its log is \($0). " } ?? "" }
}
