import Core
import Foundation

/// Runs a program and everything that it starts, as one process group, until nothing of it is left.
///
/// A program of the group that begins a session of its own (`setsid`) escapes, as it would from a terminal.
public struct LoggedProcess {
  let executable: String
  let arguments: [String]
  let what: String
  let environment: [String: String]
  let standardInput: Int32
  let timeLimit: Duration?
  let grace: Duration

  /// - Parameters:
  ///   - arguments: the program's name first.
  ///   - what: the program's part, for messages, for example `the tuner's command`.
  ///   - standardInput: a descriptor that is open for reading.
  ///   - timeLimit: nil for none.
  ///   - grace: between asking the program to end and ending it.
  public init(
    executable: String, arguments: [String], what: String, environment: [String: String], standardInput: Int32,
    timeLimit: Duration? = nil, grace: Duration
  ) {
    self.executable = executable
    self.arguments = arguments
    self.what = what
    self.environment = environment
    self.standardInput = standardInput
    self.timeLimit = timeLimit
    self.grace = grace
  }

  /// Why a program was ended from here.
  public enum Stop: Sendable {
    /// It took too long, or the run was cancelled.
    case timeLimit, cancelled
  }

  /// How a program ended.
  public enum Ending: Hashable, Sendable, CustomStringConvertible {
    /// By itself, with this code.
    case exited(Int32)
    /// By the signal with this number.
    case signalled(Int32)

    /// A clause without its subject, for example `ended with exit code 3`.
    public var description: String {
      switch self {
      case .exited(let code): "ended with exit code \(code)"
      case .signalled(let number): "was ended by signal \(number)"
      }
    }

    /// Nil for a good end.
    public var failure: String? { self == .exited(0) ? nil : description }

    fileprivate init(status: Int32) {
      let signal = status & 0x7f
      self = signal == 0 ? .exited((status >> 8) & 0xff) : .signalled(signal)
    }
  }

  /// What became of a program.
  public struct Outcome: Sendable {
    /// How it ended.
    public let ending: Ending
    /// Why it was ended from here; nil where it ended by itself.
    public let stop: Stop?
    /// The last line on its standard output; nil where there was none.
    public let lastOutput: LastLine.Line?
    /// The last line on its standard error; nil where there was none.
    public let lastError: LastLine.Line?
  }

  /// How long to wait for output before looking at the process, the clock and the flag again, in milliseconds.
  private static let tick: Int32 = 50

  /// Blocks until the program has ended; belongs on a thread of its own.
  /// - Parameters:
  ///   - isCancelled: asked now and then; from the first yes on the program is ended.
  ///   - said: called with whatever it writes on either stream, as it comes.
  /// - Throws: `SluiceError` (usage) when it can't be started.
  public func run(isCancelled: () -> Bool, said: (ArraySlice<UInt8>) -> Void) throws -> Outcome {
    let output = try OutputPipe(to: what)
    let error = try OutputPipe(to: what)
    let process = try SpawnedProcess.start(
      executable, arguments, what: what, environment: environment,
      streams: .init(input: standardInput, output: output.writingEnd, error: error.writingEnd), group: 0)
    let watchdog = Watchdog(group: process, grace: grace, environment: environment)
    output.closeWriting()
    error.closeWriting()
    let start = ContinuousClock.now
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    var lastOutput = LastLine()
    var lastError = LastLine()
    var stop: Stop?
    var killAt: ContinuousClock.Instant?

    func drain() {
      if let bytes = output.read(into: &buffer) {
        said(bytes)
        lastOutput.take(bytes)
      }
      if let bytes = error.read(into: &buffer) {
        said(bytes)
        lastError.take(bytes)
      }
    }

    while true {
      wait(for: [output, error])
      drain()
      let hasEnded = SpawnedProcess.hasEnded(process)
      if hasEnded, !output.isOpen, !error.isOpen { break }
      let now = ContinuousClock.now
      if let end = killAt {
        guard now >= end else { continue }
        kill(-process, SIGKILL)
        if hasEnded { break }
      } else {
        if isCancelled() {
          stop = .cancelled
        } else if let timeLimit, now - start >= timeLimit, !hasEnded {
          stop = .timeLimit
        }
        // What the program has left behind is asked to go as the program itself is.
        guard stop != nil || hasEnded else { continue }
        kill(-process, SIGTERM)
        killAt = now + grace
      }
    }
    // The program is dead and not yet reaped, so the group's number can't belong to anyone else.
    kill(-process, SIGKILL)
    drain()
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    watchdog?.reap()
    return Outcome(
      ending: Ending(status: status), stop: stop, lastOutput: lastOutput.found, lastError: lastError.found)
  }

  private func wait(for pipes: [OutputPipe]) {
    var polled = pipes.filter(\.isOpen).map { pollfd(fd: $0.reading, events: Int16(POLLIN), revents: 0) }
    _ = poll(&polled, nfds_t(polled.count), Self.tick)
  }
}
