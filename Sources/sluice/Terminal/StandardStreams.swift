import Core
import Foundation
import Gate
import Logging
import Logs
import Synchronization

/// Text for people on standard error; standard output stays free for results.
enum StandardError {
  /// Longest wait for a reader that has stopped reading, in milliseconds: a stuck log must not hold up the gate.
  private static let patience: Int32 = 500
  /// The same wait, for the message that a process ends with, which is worth more.
  private static let lastPatience: Int32 = 5_000

  private static let spoken = Mutex(LogFormat.text)
  /// Whether the last diagnostic found no reader.
  private static let isStuck = Atomic(false)

  /// How everything is written here: with `json` as an object a line, progress and errors too.
  static var format: LogFormat { spoken.withLock { $0 } }

  /// Sets the format, before anything is written in another.
  static func speak(_ format: LogFormat) { spoken.withLock { $0 = format } }

  /// Writes how far work is.
  static func progress(_ line: String) { say("sluice: \(VisibleText.line(line))\n", .info, line) }

  /// Writes a remark.
  /// - Parameter isLast: whether the process ends with it.
  static func note(_ line: String, isLast: Bool = false) {
    say("sluice: note: \(VisibleText.line(line))\n", .notice, line, isLast: isLast)
  }

  /// Writes what the parser has to say of a mistake, the last thing that the process says.
  static func write(parser text: String) { say(text + "\n", .error, text, isLast: true) }

  /// Writes a text as people read it, or what it says as a record.
  static func say(
    _ text: String, _ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata = [:], isLast: Bool = false
  ) {
    switch format {
    case .text: write(text, isLast: isLast)
    case .json:
      let record = LogRecord(
        time: Date(), level: level, label: "sluice.terminal", message: message, metadata: metadata)
      write(record.line(.json) + "\n", isLast: isLast)
    }
  }

  /// Writes whole lines. What can't be written is dropped: progress is never worth a verdict.
  /// - Parameter isLast: whether the process ends with it.
  static func write(_ text: String, isLast: Bool = false) {
    _ = try? Descriptor(number: STDERR_FILENO).write(
      Array(VisibleText.lines(KnownSecrets.redactor.redacted(text)).utf8), patience: isLast ? lastPatience : patience)
  }

  /// Writes a line of a log, which has no secrets any more, over a live line where there may be one.
  ///
  /// A reader that has stopped is waited for once, and not for each of many events.
  static func write(diagnostic line: String) {
    let clearing = isatty(STDERR_FILENO) == 1 ? "\r\u{1B}[2K" : ""
    do {
      try Descriptor(number: STDERR_FILENO).write(
        Array((clearing + line + "\n").utf8), patience: isStuck.load(ordering: .relaxed) ? 0 : patience)
      isStuck.store(false, ordering: .relaxed)
    } catch {
      isStuck.store(true, ordering: .relaxed)
    }
  }

  /// Columns of the terminal: a live line that is wider would leave parts of itself behind.
  static var width: Int {
    var size = winsize()
    return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 119
  }

  /// Control sequences of Sluice's own around one line of text.
  static func write(live line: String) {
    _ = try? Descriptor(number: STDERR_FILENO).write(
      Array("\r\u{1B}[2K\(VisibleText.line(KnownSecrets.redactor.redacted(line)))".utf8), patience: patience)
  }
}

/// Results: reports, listings, JSON.
enum StandardOutput {
  /// - Throws: `SluiceError` (inputOutput) where not all of it could be written.
  static func write(_ text: String, isColoured: Bool = false) throws {
    try write(
      raw: Array(VisibleText.lines(KnownSecrets.redactor.redacted(text), keepsColours: isColoured).utf8))
  }

  /// - Throws: `SluiceError` (inputOutput) where not all of it could be written.
  static func write(json: [UInt8]) throws {
    try write(raw: VisibleText.json(KnownSecrets.redactor.redacted(json: json)))
  }

  private static func write(raw: [UInt8]) throws {
    do {
      try Descriptor(number: STDOUT_FILENO).write(raw, patience: -1)
    } catch {
      throw SluiceError(
        .inputOutput, "standard output can't be written: \(error.reason)",
        remedy: "Check where it goes: the disk may be full, or the reader gone.")
    }
  }

  /// A verdict as the flags ask for it.
  ///
  /// Its text is for people; the verdict itself is the exit code and the reports, which a full log disk leaves as they are.
  /// What a script asked for by `--json` must be there.
  /// - Throws: `SluiceError` (inputOutput) where the JSON report could not be written.
  static func write(_ report: RunReport, json: Bool, quiet: Bool, verbose: Bool = false) throws {
    for problem in report.undelivered { StandardError.note(problem) }
    if json {
      try write(json: report.json)
      return
    }
    do {
      try write(report, quiet: quiet, verbose: verbose)
    } catch let error as SluiceError {
      let files = report.files.isEmpty ? "" : "; the reports are written"
      StandardError.note("\(error.message): the verdict stands, as the exit code\(files)", isLast: true)
    }
  }

  /// - Throws: `SluiceError` (inputOutput) where not all of it could be written.
  static func write(_ report: RunReport, quiet: Bool, verbose: Bool = false) throws {
    let isColoured = colours
    try write(
      quiet ? report.verdictLine : report.text(colour: isColoured, width: width, verbose: verbose),
      isColoured: isColoured && !quiet)
  }

  static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

  /// Columns of the terminal; 100 where the output is a file or a pipe.
  static var width: Int {
    var size = winsize()
    return ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 100
  }

  /// As https://no-color.org has it: any value of `NO_COLOR` that isn't empty.
  private static var colours: Bool {
    let environment = ProcessInfo.processInfo.environment
    return isatty(STDOUT_FILENO) == 1 && environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
  }
}

/// A file descriptor that is written as it is: no buffer, and no trap where it fails, which `FileHandle` has.
struct Descriptor {
  let number: Int32

  struct Failure: Error {
    /// `errno`; `ETIMEDOUT` where nobody read.
    let code: Int32

    var reason: String { code == EBADF ? "it is closed" : String(cString: strerror(code)) }
  }

  /// What a pipe takes at once where `poll` says that it takes anything.
  private static let piece = 4_096

  /// - Parameter patience: longest wait for a reader, in milliseconds; below zero for ever.
  func write(_ bytes: [UInt8], patience: Int32) throws(Failure) {
    var rest = bytes[...]
    while !rest.isEmpty {
      var polled = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
      let ready = poll(&polled, 1, patience)
      if ready < 0 && errno == EINTR { continue }
      if ready == 0 { throw Failure(code: ETIMEDOUT) }
      let count = rest.prefix(Self.piece).withUnsafeBytes { Foundation.write(number, $0.baseAddress, $0.count) }
      if count < 0 {
        if errno == EINTR || errno == EAGAIN { continue }
        throw Failure(code: errno)
      }
      rest = rest.dropFirst(count)
    }
  }
}
