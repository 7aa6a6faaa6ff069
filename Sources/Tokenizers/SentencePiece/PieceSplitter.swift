/// Cuts a text into the words that no token spans: steps, each applied to what the one before it left.
struct PieceSplitter: Sendable {
  enum Step: Sendable {
    /// White space separates, and goes.
    case whitespace
    /// Each punctuation mark is a word of its own.
    case punctuation
    case blanks(BlankMarker)
  }

  var steps: [Step] = []

  /// Calls `word` with each word, in order.
  func split(_ text: [UInt8], _ word: ([UInt8], Range<Int>) -> Void) { split(text, steps[...], word) }

  private func split(_ text: [UInt8], _ steps: ArraySlice<Step>, _ word: ([UInt8], Range<Int>) -> Void) {
    guard let step = steps.first else {
      if !text.isEmpty { word(text, 0..<text.count) }
      return
    }
    let rest = steps.dropFirst()
    func pass(_ text: [UInt8], _ range: Range<Int>) {
      if range.isEmpty { return }
      if rest.isEmpty { word(text, range) } else { split(Array(text[range]), rest, word) }
    }
    switch step {
    case .blanks(let marker):
      let marked = marker.mark(text, isFirst: true)
      marker.split(marked) { pass(marked, $0) }
    case .whitespace, .punctuation:
      var isPunctuation = false
      if case .punctuation = step { isPunctuation = true }
      var (start, offset) = (0, 0)
      while offset < text.count {
        let next = text.scalar(at: offset)
        if isPunctuation ? BertSplitter.isPunctuation(next.scalar) : next.scalar.properties.isWhitespace {
          pass(text, start..<offset)
          if isPunctuation { pass(text, offset..<next.end) }
          start = next.end
        }
        offset = next.end
      }
      pass(text, start..<offset)
    }
  }
}
