import Core
import Foundation

/// A log file that keeps the beginning and the end of what is written, and never more than its limit.
///
/// The beginning goes to the file as it comes; the end waits in memory, at most a mebibyte, until the log is closed.
public final class BoundedLog {
  private let descriptor: Int32
  private var headLeft: Int
  /// A ring: the oldest byte is at `ringStart` once it is full.
  private var ring: [UInt8] = []
  private var ringStart = 0
  private let ringSize: Int
  private var beyondHead = 0
  private var isClosed = false
  private let redactor: Redactor
  /// What has not been looked through for secrets yet: the beginning of a line.
  private var pending: [UInt8] = []
  private static let longestLine = 1 << 16
  /// As much of a line without end waits on, since a secret may go on behind it.
  private static let longestSecret = 1 << 10

  /// Replaces an older log; its owner's alone.
  /// - Parameters:
  ///   - what: how messages call the log, for example `the trainer's log`.
  ///   - limit: bytes.
  ///   - redactor: takes secrets out of what is written.
  /// - Throws: `SluiceError` (usage) when the file can't be made.
  public init(path: String, what: String, limit: Int, redactor: Redactor = Redactor()) throws {
    self.redactor = redactor
    // Removed first, so that the new one has the right owner and mode whatever the old one was.
    unlink(path)
    descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw SluiceError(
        .usage, "can't write \(what): \(String(cString: strerror(errno)))", at: SourceLocation(file: path),
        remedy: "Check that the folder can be written and the disk isn't full.")
    }
    ringSize = max(1, min(1 << 20, limit / 2))
    headLeft = max(0, limit - ringSize)
  }

  deinit { close() }

  /// Writes bytes as far as the limit goes, once no secret can be hidden in them.
  public func append(_ bytes: ArraySlice<UInt8>) {
    if redactor.isEmpty {
      store(bytes)
      return
    }
    pending += bytes
    if let end = pending.lastIndex(of: UInt8(ascii: "\n")) {
      look(through: end + 1)
    } else if pending.count > Self.longestLine {
      look(through: pending.count - Self.longestSecret)
    }
  }

  private func look(through count: Int) {
    let bytes = pending[..<count]
    store(redactor.mayHold(bytes) ? Array(redactor.redacted(String(decoding: bytes, as: UTF8.self)).utf8)[...] : bytes)
    pending.removeFirst(count)
  }

  private func store(_ bytes: ArraySlice<UInt8>) {
    let head = bytes.prefix(headLeft)
    write(head)
    headLeft -= head.count
    let rest = bytes.dropFirst(head.count)
    beyondHead += rest.count
    for byte in rest.suffix(ringSize) {
      if ring.count < ringSize {
        ring.append(byte)
      } else {
        ring[ringStart] = byte
        ringStart = (ringStart + 1) % ringSize
      }
    }
  }

  /// Writes what waits, with a line that says how much was left out, and closes the file.
  public func close() {
    guard !isClosed, descriptor >= 0 else { return }
    isClosed = true
    look(through: pending.count)
    let lost = beyondHead - ring.count
    if lost > 0 { write(Array("\n… \(lost) bytes left out …\n".utf8)[...]) }
    write(ring[ringStart...])
    write(ring[..<ringStart])
    Foundation.close(descriptor)
  }

  /// A full disk costs the log, not the work.
  private func write(_ bytes: ArraySlice<UInt8>) {
    var rest = bytes
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }
}
