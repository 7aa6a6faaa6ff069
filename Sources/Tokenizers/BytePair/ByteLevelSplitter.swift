/// Cuts text into the words that byte-pair merges stay inside.
struct ByteLevelSplitter: Sendable {
  enum Digits: Sendable {
    /// Numbers are left to the word pattern.
    case untouched
    /// Runs of numbers are words of their own.
    case together
    /// Each number is a word of its own.
    case single
  }

  /// Puts a blank before text that doesn't start with one, so that a first word is the word it is elsewhere.
  var addsPrefixSpace = false
  /// Cuts into words; without it a text is one word.
  var pattern: ByteLevelPattern? = .gpt2
  var digits = Digits.untouched

  /// Calls `word` with each word of `text`, in order.
  func split(_ text: [UInt8], _ word: ([UInt8], Range<Int>) -> Void) {
    if text.isEmpty { return }
    guard digits != .untouched else { return splitWords(text, 0..<text.count, word) }
    var start = 0
    var offset = 0
    var inNumber = false
    while offset < text.count {
      let next = text.scalar(at: offset)
      let isNumber = CharacterClass.of(next.scalar) == .number
      if offset > start, isNumber != inNumber || (isNumber && digits == .single) {
        splitWords(text, start..<offset, word)
        start = offset
      }
      inNumber = isNumber
      offset = next.end
    }
    splitWords(text, start..<text.count, word)
  }

  private func splitWords(_ text: [UInt8], _ range: Range<Int>, _ word: ([UInt8], Range<Int>) -> Void) {
    if addsPrefixSpace, text[range.lowerBound] != 0x20 {
      let prefixed = [0x20] + text[range]
      return splitPattern(prefixed, 0..<prefixed.count, word)
    }
    splitPattern(text, range, word)
  }

  private func splitPattern(_ text: [UInt8], _ range: Range<Int>, _ word: ([UInt8], Range<Int>) -> Void) {
    guard let pattern else { return word(text, range) }
    var start = range.lowerBound
    while start < range.upperBound {
      let end = pattern.end(of: text, from: start, limit: range.upperBound)
      word(text, start..<end)
      start = end
    }
  }
}
