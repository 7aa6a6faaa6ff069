import Core
import Foundation
import Targets

/// Runs a trainer and everything that it starts, as one process group, until nothing of it is left.
///
/// A program of the group that begins a session of its own (`setsid`) escapes, as it would from a terminal.
struct TrainerProcess {
  let executable: String
  /// The program's name first.
  let arguments: [String]
  let environment: [String: String]
  let standardInput: Int32
  let timeLimit: Duration?
  let grace: Duration

  enum Stop { case timeLimit, cancelled }

  enum Ending: Hashable {
    case exited(Int32)
    case signalled(Int32)

    /// Nil for a good end.
    var failure: String? {
      switch self {
      case .exited(0): nil
      case .exited(let code): "ended with exit code \(code)"
      case .signalled(let number): "was ended by signal \(number)"
      }
    }

    fileprivate init(status: Int32) {
      let signal = status & 0x7f
      self = signal == 0 ? .exited((status >> 8) & 0xff) : .signalled(signal)
    }
  }

  struct Outcome {
    let ending: Ending
    /// Why it was ended from here; nil where it ended by itself.
    let stop: Stop?
    let lastOutput: LastLine.Line?
    let lastError: LastLine.Line?
  }

  /// How long to wait for output before looking at the process, the clock and the flag again, in milliseconds.
  private static let tick: Int32 = 50

  /// Blocks until the trainer has ended; belongs on a thread of its own.
  /// - Throws: `SluiceError` (usage) when it can't be started.
  func run(log: BoundedLog, cancelled: CancellationFlag) throws -> Outcome {
    let output = try OutputPipe(to: "the trainer")
    let error = try OutputPipe(to: "the trainer")
    let process = try SpawnedProcess.start(
      executable, arguments, what: "the tuner's command", environment: environment,
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
        log.append(bytes)
        lastOutput.take(bytes)
      }
      if let bytes = error.read(into: &buffer) {
        log.append(bytes)
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
        if cancelled.isSet {
          stop = .cancelled
        } else if let timeLimit, now - start >= timeLimit, !hasEnded {
          stop = .timeLimit
        }
        // What the trainer has left behind is asked to go as the trainer itself is.
        guard stop != nil || hasEnded else { continue }
        kill(-process, SIGTERM)
        killAt = now + grace
      }
    }
    // The trainer is dead and not yet reaped, so the group's number can't belong to anyone else.
    kill(-process, SIGKILL)
    drain()
    log.close()
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
