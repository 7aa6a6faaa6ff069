import Core

/// Trains a byte-level BPE vocabulary: the most frequent pair becomes a token, again and again (Sennrich et al. 2016).
///
/// The result depends on the corpus's words and their counts only, not on their order: ties go to the pair of lower
/// ids. Equal to `BpeTrainer` of the `tokenizers` library, except that special tokens inside the corpus are no words.
public struct BytePairTrainer: Sendable {
  /// Tokens to end with: special ones, 256 bytes, the rest merges. Fewer come out where the corpus runs out of pairs.
  public var vocabularySize: Int
  /// Get the first ids, in this order.
  public var specialTokens: [String]
  /// Pairs seen less often make no token.
  public var minimumFrequency: Int
  /// Whether encoding puts a blank before a text that has none.
  public var addsPrefixSpace: Bool

  public init(
    vocabularySize: Int, specialTokens: [String] = [], minimumFrequency: Int = 2, addsPrefixSpace: Bool = false
  ) {
    self.vocabularySize = vocabularySize
    self.specialTokens = specialTokens
    self.minimumFrequency = minimumFrequency
    self.addsPrefixSpace = addsPrefixSpace
  }

  /// Learns the merges of a corpus.
  /// - Throws: `SluiceError` (exit 64) where the size leaves no room for the bytes, or special tokens are unusable.
  public func train(on corpus: some Sequence<String>) throws -> BytePairVocabulary {
    let alphabet = ByteAlphabet.characters.sorted().map { String($0) }
    guard vocabularySize >= specialTokens.count + alphabet.count, vocabularySize <= Vocabulary.maximumID else {
      throw SluiceError(
        .usage, "a vocabulary of \(vocabularySize) can't hold 256 bytes and \(specialTokens.count) special tokens",
        remedy: "Ask for \(specialTokens.count + alphabet.count) to \(Vocabulary.maximumID) tokens.")
    }
    // A special token of one character could be a byte's.
    let unusable = specialTokens.first {
      $0.utf8.count > AddedTokenMatcher.maximumLength || $0.unicodeScalars.count < 2
    }
    guard unusable == nil, Set(specialTokens.map { Array($0.utf8) }).count == specialTokens.count else {
      throw SluiceError(
        .usage, "special tokens must be distinct, of 2 characters to \(AddedTokenMatcher.maximumLength) bytes",
        remedy: "Change \(unusable.map(quoted) ?? specialTokens.joined(separator: ", ")).")
    }
    var tokens = specialTokens + alphabet
    var idOf: [[UInt8]: Int32] = [:]
    for (id, token) in tokens.enumerated() { idOf[Array(token.utf8)] = Int32(id) }
    var byteIDs: [Int32] = []
    for character in ByteAlphabet.characters { byteIDs.append(idOf[Array(String(character).utf8)] ?? 0) }

    var counts = PairCounts(
      words: words(of: corpus).map { word in (ids: word.bytes.map { byteIDs[Int($0)] }, count: word.count) })
    var merges: [BytePairVocabulary.Merge] = []
    while tokens.count < vocabularySize, let pair = counts.mostFrequent(), pair.count >= max(1, minimumFrequency) {
      let left = tokens[Int(pair.left)]
      let right = tokens[Int(pair.right)]
      // Two ways to the same token (a+bc, ab+c) share its id.
      let key = Array(left.utf8) + Array(right.utf8)
      let id = idOf[key] ?? Int32(tokens.count)
      if Int(id) == tokens.count {
        tokens.append(left + right)
        idOf[key] = id
      }
      merges.append(BytePairVocabulary.Merge(left: left, right: right))
      counts.merge(pair.left, pair.right, into: id)
    }
    return BytePairVocabulary(
      tokens: tokens, merges: merges, specialTokens: specialTokens, addsPrefixSpace: addsPrefixSpace)
  }

  /// The distinct words and how often each is there, in the order of their bytes.
  private func words(of corpus: some Sequence<String>) -> [(bytes: [UInt8], count: Int)] {
    let matcher = AddedTokenMatcher(specialTokens.map { AddedToken(id: 0, content: $0) })
    let splitter = ByteLevelSplitter(addsPrefixSpace: addsPrefixSpace)
    var counts: [[UInt8]: Int] = [:]
    for text in corpus {
      let bytes = Array(text.utf8)
      for case .text(let range) in matcher.split(bytes) {
        splitter.split(Array(bytes[range])) { text, word in counts[Array(text[word]), default: 0] += 1 }
      }
    }
    return counts.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { ($0.key, $0.value) }
  }
}
