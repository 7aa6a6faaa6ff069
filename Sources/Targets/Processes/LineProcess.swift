import Core
import Foundation
import Synchronization

/// One life of a program that is told and tells one line at a time, driven by a thread of its own.
///
/// Memory is bounded whatever it writes: a line beyond the limit ends it.
final class LineProcess: Sendable {
  enum Event: Sendable {
    /// Without its end.
    case line([UInt8])
    /// The last event, and why: a clause such as `it ended with exit code 3`.
    case ended(String)
  }

  struct Program: Sendable {
    let executable: String
    /// The program's name first.
    let arguments: [String]
    let environment: [String: String]
    /// Bytes of the longest line.
    let longestLine: Int
  }

  private struct Inbox {
    var outgoing: [UInt8] = []
    var reason: String?
    /// Writing to it wakes the thread; nil before it has begun and when it has gone.
    var bell: Int32?
  }

  private let program: Program
  private let inbox = Mutex(Inbox())
  private let onEvent: @Sendable (Event) -> Void

  /// Between asking the program to end and ending it.
  private static let grace = Duration.seconds(2)
  /// How long to wait before looking whether the program is still there although its streams are open.
  private static let tick: Int32 = 200
  /// Buffers that are read of what a program left behind.
  private static let mostLeft = 1_024

  /// - Parameter onEvent: called from the process's own thread, in order.
  init(_ program: Program, onEvent: @escaping @Sendable (Event) -> Void) {
    self.program = program
    self.onEvent = onEvent
  }

  func start() {
    let thread = Thread { [self] in onEvent(.ended(run())) }
    thread.name = "sluice-command"
    thread.start()
  }

  /// Sends a line, which waits here while the program doesn't read.
  func send(_ line: [UInt8]) {
    tell { $0.outgoing += line + [UInt8(ascii: "\n")] }
  }

  /// Ends the program.
  /// - Parameter reason: a clause, for what is told of its end.
  func end(_ reason: String) {
    tell { if $0.reason == nil { $0.reason = reason } }
  }

  private func tell(_ change: (inout Inbox) -> Void) {
    inbox.withLock { inbox in
      change(&inbox)
      // Under the lock: a moment later the number may be another file's.
      if let bell = inbox.bell { _ = [UInt8(0)].withUnsafeBytes { write(bell, $0.baseAddress, 1) } }
    }
  }

  // MARK: - On its thread

  /// What the thread holds while the program lives.
  private struct Life {
    let process: pid_t
    let input: OutputPipe
    let output: OutputPipe
    let error: OutputPipe
    let bell: OutputPipe
    var unsent: [UInt8] = []
    var line: [UInt8] = []
    /// What it said last on standard error.
    var lastWords: [UInt8] = []
  }

  /// - Returns: why it ended.
  private func run() -> String {
    do {
      var life = try begin()
      let watchdog = Watchdog(group: life.process, grace: Self.grace, environment: [:])
      let reason = live(&life)
      inbox.withLock { $0.bell = nil }
      // Dead or not, it isn't reaped yet, so the group's number can't belong to anyone else.
      kill(-life.process, SIGKILL)
      var status: Int32 = 0
      while waitpid(life.process, &status, 0) < 0 && errno == EINTR {}
      watchdog?.reap()
      return reason ?? Self.ending(status, lastWords: life.lastWords)
    } catch let error as SluiceError {
      return error.message
    } catch {
      return "\(error)"
    }
  }

  private func begin() throws -> Life {
    let (input, bell) = (try OutputPipe(to: "the command", blocking: true), try OutputPipe(to: "the command"))
    let (output, error) = (try OutputPipe(to: "the command"), try OutputPipe(to: "the command"))
    let process = try SpawnedProcess.start(
      program.executable, program.arguments, what: "the target's command", environment: program.environment,
      streams: .init(input: input.reading, output: output.writingEnd, error: error.writingEnd), group: 0)
    input.closeReading()
    output.closeWriting()
    error.closeWriting()
    for end in [input.writingEnd, bell.writingEnd] { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
    inbox.withLock { $0.bell = bell.writingEnd }
    return Life(process: process, input: input, output: output, error: error, bell: bell)
  }

  /// - Returns: why it was ended from here; nil where it ended by itself.
  private func live(_ life: inout Life) -> String? {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let (more, ordered) = inbox.withLock { inbox in
        defer { inbox.outgoing = [] }
        return (inbox.outgoing, inbox.reason)
      }
      if let ordered { return stop(life, ordered) }
      life.unsent += more
      wait(life)
      if life.bell.read(into: &buffer) != nil { continue }
      flush(&life)
      // One buffer a turn: a stream without end must not keep the others waiting.
      if let bytes = life.error.read(into: &buffer) { life.lastWords = Array((life.lastWords + bytes).suffix(400)) }
      if let bytes = life.output.read(into: &buffer), let reason = take(bytes, &life) { return stop(life, reason) }
      guard !life.output.isOpen || SpawnedProcess.hasEnded(life.process) else { continue }
      for _ in 0..<Self.mostLeft {
        guard let bytes = life.output.read(into: &buffer) else { break }
        if let reason = take(bytes, &life) { return stop(life, reason) }
      }
      // Streams are closed a moment before a process has ended.
      if !Self.ends(life.process, within: .milliseconds(500)) { return stop(life, "it closed its output") }
      if let bytes = life.error.read(into: &buffer) { life.lastWords = Array((life.lastWords + bytes).suffix(400)) }
      return life.line.isEmpty ? nil : "it ended in the middle of a line"
    }
  }

  private func wait(_ life: Life) {
    var polled = [life.output, life.error, life.bell].filter(\.isOpen).map {
      pollfd(fd: $0.reading, events: Int16(POLLIN), revents: 0)
    }
    if !life.unsent.isEmpty, life.input.writingEnd >= 0 {
      polled.append(pollfd(fd: life.input.writingEnd, events: Int16(POLLOUT), revents: 0))
    }
    _ = poll(&polled, nfds_t(polled.count), Self.tick)
  }

  private func flush(_ life: inout Life) {
    while !life.unsent.isEmpty, life.input.writingEnd >= 0 {
      let count = life.unsent.withUnsafeBytes { write(life.input.writingEnd, $0.baseAddress, $0.count) }
      if count > 0 {
        life.unsent.removeFirst(count)
      } else {
        if count < 0, errno == EINTR { continue }
        // It reads no more; what it still says counts.
        if errno != EAGAIN { life.input.closeWriting() }
        return
      }
    }
  }

  /// - Returns: why the program must end; nil where it needn't.
  private func take(_ bytes: ArraySlice<UInt8>, _ life: inout Life) -> String? {
    var rest = bytes
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      guard life.line.count + (end - rest.startIndex) <= program.longestLine else { return tooLong }
      onEvent(.line(life.line + rest[..<end]))
      life.line = []
      rest = rest[(end + 1)...]
    }
    guard life.line.count + rest.count <= program.longestLine else { return tooLong }
    life.line += rest
    return nil
  }

  private var tooLong: String { "it wrote a line of more than \(program.longestLine) bytes" }

  /// Asks the program to end and gives it a little time.
  private func stop(_ life: Life, _ reason: String) -> String {
    life.input.closeWriting()
    kill(-life.process, SIGTERM)
    _ = Self.ends(life.process, within: Self.grace)
    return reason
  }

  private static func ends(_ process: pid_t, within limit: Duration) -> Bool {
    let end = ContinuousClock.now + limit
    while !SpawnedProcess.hasEnded(process) {
      guard ContinuousClock.now < end else { return false }
      Thread.sleep(forTimeInterval: 0.01)
    }
    return true
  }

  private static func ending(_ status: Int32, lastWords: [UInt8]) -> String {
    let signal = status & 0x7f
    let how = signal == 0 ? "it ended with exit code \((status >> 8) & 0xff)" : "it was ended by signal \(signal)"
    let line = lastWords.split { $0 == 0x0a || $0 == 0x0d }.last.map { String(decoding: $0, as: UTF8.self) } ?? ""
    return line.isEmpty ? how : "\(how): \(line)"
  }
}
