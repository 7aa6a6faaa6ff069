/// WordPiece encoding of one word: the longest token that starts it, then the longest continuation, and so on; a word
/// that can't be covered is unknown as a whole (Wu et al. 2016).
struct WordPieceModel: Sendable {
  let vocabulary: Vocabulary
  let unknownID: Int
  /// Starts the tokens that continue a word.
  var continuation: [UInt8] = Array("##".utf8)
  /// Longer words are unknown.
  var maximumCharacters = 100

  /// Appends the ids of `text[range]` to `output`. Linear in the word times the longest token.
  func encode(_ text: [UInt8], _ range: Range<Int>, into output: inout [Int]) {
    let characters = text[range].reduce(0) { $0 + ($1 & 0xc0 == 0x80 ? 0 : 1) }
    guard characters <= maximumCharacters else {
      output.append(unknownID)
      return
    }
    let rollback = output.count
    var start = range.lowerBound
    while start < range.upperBound {
      let prefix = start == range.lowerBound ? [] : continuation
      guard let match = longestMatch(text, start..<range.upperBound, prefix: prefix) else {
        output.removeSubrange(rollback...)
        output.append(unknownID)
        return
      }
      output.append(match.id)
      start = match.end
    }
  }

  private func longestMatch(_ text: [UInt8], _ range: Range<Int>, prefix: [UInt8]) -> (id: Int, end: Int)? {
    var hash = vocabulary.hash
    for byte in prefix { hash.combine(byte) }
    var best: (id: Int, end: Int)?
    let limit = min(range.upperBound, range.lowerBound + vocabulary.longest)
    for index in range.lowerBound..<limit {
      hash.combine(text[index])
      // Only between characters.
      if index + 1 < range.upperBound, text[index + 1] & 0xc0 == 0x80 { continue }
      if let id = vocabulary.id(hash: hash, prefix: prefix, text: text, range: range.lowerBound..<(index + 1)) {
        best = (id, index + 1)
      }
    }
    return best
  }
}
