/// Finds the last line of a stream that isn't blank, in bounded memory. Progress bars end lines by carriage returns.
public struct LastLine {
  /// One line without the blanks around it.
  public struct Line: Hashable, Sendable {
    fileprivate let bytes: [UInt8]
    fileprivate let isCut: Bool

    /// Nil for a line that is longer than any path or isn't UTF-8.
    public var text: String? { isCut ? nil : String(validating: bytes, as: UTF8.self) }
  }

  /// As long as a path can be.
  private static let longest = 4096

  private var finished: Line?
  private var current: [UInt8] = []
  private var isCut = false

  mutating func take(_ bytes: some Sequence<UInt8>) {
    for byte in bytes {
      if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
        finished = found
        current.removeAll(keepingCapacity: true)
        isCut = false
      } else if current.count < Self.longest {
        current.append(byte)
      } else {
        isCut = true
      }
    }
  }

  /// Nil while everything was blank. A line without an end counts.
  var found: Line? {
    let line = current.drop(while: Self.isBlank).reversed().drop(while: Self.isBlank).reversed()
    return line.isEmpty ? finished : Line(bytes: Array(line), isCut: isCut)
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0b || byte == 0x0c }
}
