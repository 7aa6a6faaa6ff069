/// Cuts the bytes that a program writes into messages, in bounded memory.
package protocol MessageCutter: Sendable {
  /// What a message is called, for example `line`.
  var noun: String { get }
  /// Whether a message has begun that hasn't ended.
  var isInside: Bool { get }

  /// - Parameter found: called with every message that is whole now.
  /// - Returns: why the program must end, as a clause such as `it wrote a line of more than 80 bytes`; nil where it needn't.
  mutating func take(_ bytes: ArraySlice<UInt8>, found: ([UInt8]) -> Void) -> String?
}

/// Messages are lines, given without their ends.
struct LineCutter: MessageCutter {
  /// Bytes of the longest line.
  let longest: Int
  private var line: [UInt8] = []

  init(longest: Int) { self.longest = longest }

  var noun: String { "line" }
  var isInside: Bool { !line.isEmpty }

  mutating func take(_ bytes: ArraySlice<UInt8>, found: ([UInt8]) -> Void) -> String? {
    var rest = bytes
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      guard line.count + (end - rest.startIndex) <= longest else { return tooLong }
      found(line + rest[..<end])
      line = []
      rest = rest[(end + 1)...]
    }
    guard line.count + rest.count <= longest else { return tooLong }
    line += rest
    return nil
  }

  private var tooLong: String { "it wrote a line of more than \(longest) bytes" }
}
