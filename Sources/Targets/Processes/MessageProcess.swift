import Core
import Foundation
import Synchronization

/// One life of a program that is told and tells one message at a time, driven by a thread of its own.
///
/// Memory is bounded whatever it writes: a message beyond its limit ends it.
package final class MessageProcess: Sendable {
  package enum Event: Sendable {
    case message([UInt8])
    /// The last event, and why: a clause such as `it ended with exit code 3`.
    case ended(String)
  }

  package struct Program: Sendable {
    let executable: String
    let arguments: [String]
    let environment: [String: String]
    let what: String
    let cutter: any MessageCutter

    /// - Parameters:
    ///   - arguments: the program's name first.
    ///   - what: the program's part, for messages, for example `the target's command`.
    ///   - cutter: cuts what it writes into messages.
    package init(
      executable: String, arguments: [String], environment: [String: String], what: String, cutter: any MessageCutter
    ) {
      self.executable = executable
      self.arguments = arguments
      self.environment = environment
      self.what = what
      self.cutter = cutter
    }
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
  package init(_ program: Program, onEvent: @escaping @Sendable (Event) -> Void) {
    self.program = program
    self.onEvent = onEvent
  }

  package func start() {
    let thread = Thread { [self] in onEvent(.ended(run())) }
    thread.name = "sluice-command"
    thread.start()
  }

  /// Sends bytes, which wait here while the program doesn't read.
  package func send(_ bytes: [UInt8]) {
    tell { $0.outgoing += bytes }
  }

  /// Ends the program.
  /// - Parameter reason: a clause, for what is told of its end.
  package func end(_ reason: String) {
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
    /// How much of it was sent all the same.
    var sent = 0
    var cutter: any MessageCutter
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
      program.executable, program.arguments, what: program.what, environment: program.environment,
      streams: .init(input: input.reading, output: output.writingEnd, error: error.writingEnd), group: 0)
    input.closeReading()
    output.closeWriting()
    error.closeWriting()
    for end in [input.writingEnd, bell.writingEnd] { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
    inbox.withLock { $0.bell = bell.writingEnd }
    return Life(
      process: process, input: input, output: output, error: error, bell: bell, cutter: program.cutter)
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
      return life.cutter.isInside ? "it ended in the middle of a \(life.cutter.noun)" : nil
    }
  }

  private func wait(_ life: Life) {
    var polled = [life.output, life.error, life.bell].filter(\.isOpen).map {
      pollfd(fd: $0.reading, events: Int16(POLLIN), revents: 0)
    }
    if life.sent < life.unsent.count, life.input.writingEnd >= 0 {
      polled.append(pollfd(fd: life.input.writingEnd, events: Int16(POLLOUT), revents: 0))
    }
    _ = poll(&polled, nfds_t(polled.count), Self.tick)
  }

  private func flush(_ life: inout Life) {
    while life.sent < life.unsent.count, life.input.writingEnd >= 0 {
      let count = life.unsent.withUnsafeBytes { bytes in
        let rest = bytes[life.sent...]
        return write(life.input.writingEnd, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      }
      if count > 0 {
        life.sent += count
      } else {
        if count < 0, errno == EINTR { continue }
        // It reads no more; what it still says counts.
        if errno != EAGAIN { life.input.closeWriting() }
        return
      }
    }
    (life.unsent, life.sent) = ([], 0)
  }

  /// - Returns: why the program must end; nil where it needn't.
  private func take(_ bytes: ArraySlice<UInt8>, _ life: inout Life) -> String? {
    life.cutter.take(bytes) { onEvent(.message($0)) }
  }

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
