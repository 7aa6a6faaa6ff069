/// BERT's words: white space separates, and each punctuation mark is a word of its own.
struct BertSplitter: Sendable {
  func split(_ text: [UInt8], _ word: (Range<Int>) -> Void) {
    var start = 0
    var offset = 0
    while offset < text.count {
      let next = text.scalar(at: offset)
      let isSpace = next.scalar.properties.isWhitespace
      if isSpace || BertSplitter.isPunctuation(next.scalar) {
        if start < offset { word(start..<offset) }
        if !isSpace { word(offset..<next.end) }
        start = next.end
      }
      offset = next.end
    }
    if start < offset { word(start..<offset) }
  }

  /// Unicode's punctuation, and the ASCII symbols that BERT counts with it, such as `$` and `^`.
  static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x21...0x2f, 0x3a...0x40, 0x5b...0x60, 0x7b...0x7e: return true
    case 0..<0x80: return false
    default:
      switch BertUnicode.category(scalar) {
      case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
        .finalPunctuation, .otherPunctuation:
        return true
      default: return false
      }
    }
  }
}
