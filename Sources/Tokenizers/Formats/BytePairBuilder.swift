import Core

/// Makes a byte-pair model from what the files hold: tokens with ids, and merges in order.
struct BytePairBuilder {
  /// For messages: a position in the list of merges as the file counts it.
  typealias Place = (_ index: Int, _ message: String) -> any Error

  var vocabulary: Vocabulary

  /// - Parameter startsFromCharacters: as SentencePiece does, instead of from bytes in GPT-2's alphabet.
  func model(
    merges: [(left: String, right: String)], unknownID: Int?, fusesUnknown: Bool, ignoresMergesForWords: Bool,
    startsFromCharacters: Bool = false, place: Place
  ) throws -> BytePairModel {
    var table = MergeTable(capacity: merges.count)
    for (rank, merge) in merges.enumerated() {
      guard let left = vocabulary.id(of: merge.left.utf8) else {
        throw place(rank, "\(quoted(merge.left)) isn't in the vocabulary")
      }
      guard let right = vocabulary.id(of: merge.right.utf8) else {
        throw place(rank, "\(quoted(merge.right)) isn't in the vocabulary")
      }
      guard let merged = vocabulary.id(of: Array(merge.left.utf8) + Array(merge.right.utf8)) else {
        throw place(rank, "the merged token \(quoted(merge.left + merge.right)) isn't in the vocabulary")
      }
      table.set(Int32(left), Int32(right), Merge(rank: UInt32(rank), id: Int32(merged)))
    }
    return BytePairModel(
      merges: .listed(table), characters: startsFromCharacters ? vocabulary : nil,
      byteIDs: startsFromCharacters
        ? byteTokens : ByteAlphabet.characters.map { Int32(vocabulary.id(of: String($0).utf8) ?? -1) },
      unknownID: unknownID.map(Int32.init), fusesUnknown: fusesUnknown,
      wholeWords: ignoresMergesForWords ? wholeWords() : nil)
  }

  /// SentencePiece's byte-pair model from scores instead of merges: two neighbours merge where the vocabulary has what
  /// they spell together, the highest score first.
  ///
  /// - Parameter scores: by id; nil for tokens that no merge may make.
  func model(scores: [Float?], unknownID: Int?) -> BytePairModel {
    let order = scores.indices.compactMap { id in scores[id].map { (score: $0, id: id) } }
      .sorted { ($0.score, $1.id) > ($1.score, $0.id) }
    var ranks = [UInt32](repeating: Merges.never, count: max(scores.count, vocabulary.size))
    var rank: UInt32 = 0
    for (place, entry) in order.enumerated() {
      if place > 0, order[place - 1].score != entry.score { rank += 1 }
      ranks[entry.id] = rank
    }
    return BytePairModel(
      merges: .spelled(vocabulary, ranks: ranks), characters: vocabulary, byteIDs: byteTokens,
      unknownID: unknownID.map(Int32.init),
      fusesUnknown: true, wholeWords: nil)
  }

  /// The tokens `<0x00>` to `<0xFF>`, −1 where there is none.
  private var byteTokens: [Int32] {
    (0..<256).map { Int32(vocabulary.id(of: TokenDecoder.byteToken(UInt8($0)).utf8) ?? -1) }
  }

  /// The vocabulary with raw bytes as keys, as words are looked up.
  private func wholeWords() -> Vocabulary {
    var words = Vocabulary()
    for id in 0..<vocabulary.size {
      guard let token = vocabulary.token(id) else { continue }
      var bytes: [UInt8] = []
      ByteAlphabet.append(token, to: &bytes)
      _ = words.insert(bytes, id: id)
    }
    return words
  }
}
