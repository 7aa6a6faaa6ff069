/// A token that is looked for in the text itself, before anything is split: special tokens and a vocabulary's additions.
struct AddedToken: Sendable {
  var id: Int
  var content: String
  /// Special tokens steer a model and aren't text: decoding leaves them out.
  var isSpecial = true
  /// Match in normalised text instead of the text as it came.
  var isNormalized = false
  /// Swallow white space before, after.
  var stripsLeft = false
  var stripsRight = false
  /// Match whole words only.
  var isSingleWord = false
}

/// A stretch of text between added tokens, or one of them.
enum TextPiece {
  case text(Range<Int>)
  case token(Int)
}

/// Finds added tokens: the leftmost match, the longest where several start there. A trie, so the cost is the text's
/// length times the longest token's, however many tokens there are.
struct AddedTokenMatcher: Sendable {
  /// Content longer than this is refused at loading: it bounds the work at each position.
  static let maximumLength = 1024

  private let tokens: [AddedToken]
  /// Child of (node, byte), the node in the upper bits.
  private var children: [Int: Int32] = [:]
  /// Index of the token that ends at a node, −1 for none.
  private var ends: [Int32] = [-1]
  private var isFirst = [Bool](repeating: false, count: 256)

  init(_ tokens: [AddedToken]) {
    self.tokens = tokens
    for (index, token) in tokens.enumerated() {
      var node = 0
      for byte in token.content.utf8 {
        if node == 0 { isFirst[Int(byte)] = true }
        if let child = children[node << 8 | Int(byte)] {
          node = Int(child)
        } else {
          children[node << 8 | Int(byte)] = Int32(ends.count)
          node = ends.count
          ends.append(-1)
        }
      }
      if node > 0, ends[node] < 0 { ends[node] = Int32(index) }
    }
  }

  /// Cuts `text` into pieces, in order, without empty ones.
  func split(_ text: [UInt8]) -> [TextPiece] {
    if text.isEmpty { return [] }
    if tokens.isEmpty { return [.text(0..<text.count)] }
    var pieces: [TextPiece] = []
    // Start of the text that no piece holds yet.
    var open = 0
    var offset = 0
    while offset < text.count {
      guard isFirst[Int(text[offset])], let (index, matchEnd) = match(text, at: offset) else {
        offset += 1
        continue
      }
      let token = tokens[index]
      var start = max(offset, open)
      var end = matchEnd
      offset = matchEnd
      if token.isSingleWord, isWord(text, before: start) || isWord(text, after: end) { continue }
      if token.stripsLeft {
        while let previous = text.scalar(before: start, notBefore: open), previous.scalar.properties.isWhitespace {
          start = previous.start
        }
      }
      if token.stripsRight {
        while end < text.count, case let next = text.scalar(at: end), next.scalar.properties.isWhitespace {
          end = next.end
        }
      }
      if open < start { pieces.append(.text(open..<start)) }
      pieces.append(.token(token.id))
      open = end
      offset = max(offset, end)
    }
    if open < text.count { pieces.append(.text(open..<text.count)) }
    return pieces
  }

  private func match(_ text: [UInt8], at start: Int) -> (index: Int, end: Int)? {
    var node = 0
    var best: (index: Int, end: Int)?
    var offset = start
    while offset < text.count, let child = children[node << 8 | Int(text[offset])] {
      node = Int(child)
      offset += 1
      if ends[node] >= 0 { best = (Int(ends[node]), offset) }
    }
    return best
  }

  private func isWord(_ text: [UInt8], before offset: Int) -> Bool {
    text.scalar(before: offset, notBefore: 0).map { isWord($0.scalar) } ?? false
  }

  private func isWord(_ text: [UInt8], after offset: Int) -> Bool {
    offset < text.count && isWord(text.scalar(at: offset).scalar)
  }

  /// What `\w` matches (Unicode TR 18).
  private func isWord(_ scalar: Unicode.Scalar) -> Bool {
    let properties = scalar.properties
    switch properties.generalCategory {
    case .decimalNumber, .connectorPunctuation, .nonspacingMark, .spacingMark, .enclosingMark: return true
    default: return properties.isAlphabetic || properties.isJoinControl
    }
  }
}
