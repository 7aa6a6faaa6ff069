/// SentencePiece's treatment of blanks (Kudo and Richardson, 2018): each becomes `▁`, so that a text can be put together
/// again from its tokens alone.
struct BlankMarker: Sendable {
  enum Prefix: Sendable {
    /// No mark before the text.
    case never
    /// Before the text that starts the input.
    case first
    /// Before every stretch of text between special tokens.
    case always
  }

  var prefix = Prefix.never
  /// A stretch that starts with a blank gets no further mark.
  var prefixesOnce = false
  /// Cuts before each mark, so that no token spans words; else a text is one word.
  var splitsWords = false

  func mark(_ text: [UInt8], isFirst: Bool) -> [UInt8] {
    var marked: [UInt8] = []
    marked.reserveCapacity(text.count + text.count / 2)
    let startsMarked = text.first == 0x20 || text.starts(with: TokenDecoder.blankMark)
    switch prefix {
    case .never: break
    case .first where !isFirst: break
    case .first, .always:
      if !text.isEmpty && !(prefixesOnce && startsMarked) { marked += TokenDecoder.blankMark }
    }
    for byte in text {
      if byte == 0x20 { marked += TokenDecoder.blankMark } else { marked.append(byte) }
    }
    return marked
  }

  /// Calls `word` with each word of marked text, in order.
  func split(_ text: [UInt8], _ word: (Range<Int>) -> Void) {
    guard splitsWords else {
      if !text.isEmpty { word(0..<text.count) }
      return
    }
    var start = 0
    for index in 1..<max(1, text.count) where text[index...].starts(with: TokenDecoder.blankMark) {
      word(start..<index)
      start = index
    }
    if start < text.count { word(start..<text.count) }
  }
}
