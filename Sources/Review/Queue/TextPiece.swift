import Core

/// A part of a text of any length, made fit to be shown: what could reorder, hide or drive a terminal is written out.
struct TextPiece: Hashable, Codable {
  let text: String
  /// Where the next piece begins, in bytes; nil at the end.
  let next: Int?
  /// Bytes of the whole text.
  let bytes: Int

  /// Bytes of a piece: some pages of text, which a browser shows at once.
  static let size = 20_000

  /// - Parameter start: in bytes; a place within a character counts as the next character's.
  init(_ whole: String, from start: Int = 0) {
    let utf8 = whole.utf8
    bytes = utf8.count
    let begin = Self.boundary(utf8, at: start)
    let end = Self.boundary(utf8, at: utf8.distance(from: utf8.startIndex, to: begin) + Self.size)
    text = VisibleText.lines(String(whole[begin..<end]))
    next = end < utf8.endIndex ? utf8.distance(from: utf8.startIndex, to: end) : nil
  }

  private static func boundary(_ utf8: String.UTF8View, at offset: Int) -> String.Index {
    let limit = utf8.endIndex
    var index = utf8.index(utf8.startIndex, offsetBy: max(0, offset), limitedBy: limit) ?? limit
    // Bytes 10xxxxxx go on with a character.
    while index < limit, utf8[index] & 0xC0 == 0x80 { index = utf8.index(after: index) }
    return index
  }
}
