import Core
import Foundation

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
    let output = try OutputPipe()
    let error = try OutputPipe()
    let process = try SpawnedProcess.start(
      executable, arguments, environment: environment,
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
      let hasEnded = Self.hasEnded(process)
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

  /// Leaves the process unreaped.
  private static func hasEnded(_ process: pid_t) -> Bool {
    var information = siginfo_t()
    let code = waitid(P_PID, id_t(process), &information, WEXITED | WNOWAIT | WNOHANG)
    return code == 0 && information.si_signo == SIGCHLD
  }
}

/// Ends the trainer's group where Sluice itself is killed and can't: a shell in the group that waits for a pipe to end.
struct Watchdog {
  private let process: pid_t
  private let pipe: OutputPipe

  /// Nil where the system has no `/bin/sh`; the trainer then outlives a killed run.
  init?(group: pid_t, grace: Duration, environment: [String: String]) {
    let script = "trap '' TERM INT HUP; read -r _; kill -TERM 0; sleep \"$1\"; kill -KILL 0"
    let nothing = open("/dev/null", O_RDWR | O_CLOEXEC)
    defer { close(nothing) }
    guard let pipe = try? OutputPipe(blocking: true),
      let process = try? SpawnedProcess.start(
        "/bin/sh", ["sh", "-c", script, "sluice-watchdog", "\(max(1, grace.components.seconds))"],
        environment: environment, streams: .init(input: pipe.reading, output: nothing, error: nothing), group: group)
    else { return nil }
    pipe.closeReading()
    self.process = process
    self.pipe = pipe
  }

  /// To be called once the group was killed.
  func reap() {
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    pipe.closeWriting()
  }
}
