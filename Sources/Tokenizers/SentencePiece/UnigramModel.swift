/// Unigram encoding of one word (Kudo, 2018): of all ways to cut it into tokens, the one with the largest sum of their
/// scores, by Viterbi's algorithm. Ties go to the cut found first, as in the reference implementation.
struct UnigramModel: Sendable {
  /// What is wrong with the tokens.
  struct Fault: Error, Hashable, Sendable { let message: String }

  private let index: PrefixIndex
  private let vocabulary: Vocabulary
  /// By id.
  private let scores: [Double]
  let unknownID: Int
  private let unknownScore: Double
  /// The tokens `<0x00>` to `<0xFF>` that spell what no token covers; nil where it becomes the unknown token.
  private let byteIDs: [Int]?

  /// What a character that no token covers costs more than the worst token.
  private static let unknownPenalty = 10.0
  /// Bounds the work at each position.
  static let maximumLength = AddedTokenMatcher.maximumLength

  /// - Parameters:
  ///   - tokens: by id, with the logarithm of its probability.
  ///   - spellsBytes: whether what no token covers is spelt in byte tokens, where the vocabulary has all of them that are
  ///     needed.
  /// - Throws: `Fault` for tokens that can't be used.
  init(_ tokens: [(token: String, score: Double)], unknownID: Int, spellsBytes: Bool) throws {
    guard !tokens.isEmpty else { throw Fault(message: "the vocabulary is empty") }
    guard tokens.count <= Vocabulary.maximumID else { throw Fault(message: "\(tokens.count) tokens are too many") }
    guard tokens.indices.contains(unknownID) else {
      throw Fault(message: "the unknown token's id \(unknownID) isn't one of \(tokens.count)")
    }
    var vocabulary = Vocabulary()
    for (id, entry) in tokens.enumerated() {
      guard entry.token.utf8.count <= Self.maximumLength else {
        throw Fault(message: "token \(id) has \(entry.token.utf8.count) bytes; at most \(Self.maximumLength) are read")
      }
      guard vocabulary.insert(entry.token.utf8, id: id) else {
        throw Fault(message: "the token \(quoted(entry.token)) is there twice")
      }
    }
    self.vocabulary = vocabulary
    index = PrefixIndex(tokens.map { Array($0.token.utf8) })
    scores = tokens.map(\.score)
    self.unknownID = unknownID
    unknownScore = (scores.min() ?? 0) - Self.unknownPenalty
    byteIDs =
      spellsBytes ? (0..<256).map { vocabulary.id(of: TokenDecoder.byteToken(UInt8($0)).utf8) ?? -1 } : nil
  }

  /// The tokens, before any are added to them.
  var tokens: Vocabulary { vocabulary }

  /// The best way to reach a position.
  private struct Node {
    var score = 0.0
    var start: Int32 = -1
    var id: Int32 = 0
  }

  /// Appends the ids of `text[range]` to `output`.
  func encode(_ text: [UInt8], _ range: Range<Int>, into output: inout [Int]) {
    guard !range.isEmpty else { return }
    let first = range.lowerBound
    var nodes = [Node](repeating: Node(), count: range.count + 1)
    var start = first
    while start < range.upperBound {
      let end = min(text.scalar(at: start).end, range.upperBound)
      let here = nodes[start - first].score
      var coversCharacter = false
      func offer(_ score: Double, _ id: Int, upTo end: Int) {
        let candidate = score + here
        if nodes[end - first].start < 0 || candidate > nodes[end - first].score {
          nodes[end - first] = Node(score: candidate, start: Int32(start - first), id: Int32(id))
        }
      }
      index.prefixes(of: text, start..<range.upperBound) { id, tokenEnd in
        offer(scores[id], id, upTo: tokenEnd)
        if tokenEnd == end { coversCharacter = true }
      }
      if !coversCharacter { offer(unknownScore, unknownID, upTo: end) }
      start = end
    }
    appendPath(nodes, text, first: first, to: &output)
  }

  private func appendPath(_ nodes: [Node], _ text: [UInt8], first: Int, to output: inout [Int]) {
    // From the end to the start; neighbours that no token covers are one piece.
    var pieces: [(range: Range<Int>, id: Int)] = []
    var end = nodes.count - 1
    while end > 0 {
      let node = nodes[end]
      let start = Int(node.start)
      if Int(node.id) == unknownID, let last = pieces.last, last.id == unknownID, last.range.lowerBound == end {
        pieces[pieces.count - 1].range = start..<last.range.upperBound
      } else {
        pieces.append((start..<end, Int(node.id)))
      }
      end = start
    }
    for piece in pieces.reversed() {
      guard piece.id == unknownID else {
        output.append(piece.id)
        continue
      }
      let bytes = text[first + piece.range.lowerBound..<first + piece.range.upperBound]
      if let id = vocabulary.id(of: bytes) {
        // Together they may spell a token all the same.
        output.append(id)
      } else if let byteIDs, bytes.allSatisfy({ byteIDs[Int($0)] >= 0 }) {
        for byte in bytes { output.append(byteIDs[Int(byte)]) }
      } else {
        output.append(unknownID)
      }
    }
  }
}

/// Finds all tokens that a text starts with: tokens in the order of their bytes, and a range of them that grows narrower
/// byte by byte.
private struct PrefixIndex: Sendable {
  /// Sorted; the bytes of entry e are `bytes[starts[e]..<starts[e + 1]]`.
  private let bytes: [UInt8]
  private let starts: [Int32]
  private let ids: [Int32]
  /// Where the tokens of each first byte begin [257].
  private let firsts: [Int32]

  init(_ tokens: [[UInt8]]) {
    let order = tokens.indices.filter { !tokens[$0].isEmpty }
      .sorted { tokens[$0].lexicographicallyPrecedes(tokens[$1]) }
    var (bytes, starts): ([UInt8], [Int32]) = ([], [0])
    var firsts = [Int32](repeating: 0, count: 257)
    for id in order {
      bytes += tokens[id]
      starts.append(Int32(bytes.count))
      firsts[Int(tokens[id][0]) + 1] += 1
    }
    for byte in 0..<256 { firsts[byte + 1] += firsts[byte] }
    self.bytes = bytes
    self.starts = starts
    self.firsts = firsts
    ids = order.map { Int32($0) }
  }

  /// Calls `found` with each token that `text[range]` starts with, the shortest first.
  func prefixes(of text: [UInt8], _ range: Range<Int>, _ found: (_ id: Int, _ end: Int) -> Void) {
    var low = Int(firsts[Int(text[range.lowerBound])])
    var high = Int(firsts[Int(text[range.lowerBound]) + 1])
    var depth = 1
    while low < high {
      // The shortest of those left comes first.
      if starts[low + 1] - starts[low] == depth {
        found(Int(ids[low]), range.lowerBound + depth)
        low += 1
      }
      guard range.lowerBound + depth < range.upperBound else { return }
      let byte = text[range.lowerBound + depth]
      low = firstEntry(low..<high, depth) { $0 >= byte }
      high = firstEntry(low..<high, depth) { $0 > byte }
      depth += 1
    }
  }

  /// The first entry whose byte at `depth` fits; all are longer than that.
  private func firstEntry(_ range: Range<Int>, _ depth: Int, where fits: (UInt8) -> Bool) -> Int {
    var (low, high) = (range.lowerBound, range.upperBound)
    while low < high {
      let middle = (low + high) / 2
      if fits(bytes[Int(starts[middle]) + depth]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
