import Core

/// Makes a byte-pair model from what the files hold: tokens with ids, and merges in order.
struct BytePairBuilder {
  /// For messages: a position in the list of merges as the file counts it.
  typealias Place = (_ index: Int, _ message: String) -> SluiceError

  var vocabulary: Vocabulary

  func model(
    merges: [(left: String, right: String)], unknownID: Int?, fusesUnknown: Bool, ignoresMergesForWords: Bool,
    place: Place
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
      merges: table,
      byteIDs: ByteAlphabet.characters.map { Int32(vocabulary.id(of: String($0).utf8) ?? -1) },
      unknownID: unknownID.map(Int32.init), fusesUnknown: fusesUnknown,
      wholeWords: ignoresMergesForWords ? wholeWords() : nil)
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

/// A token from a file, quoted and shortened for a message.
func quoted(_ token: String) -> String {
  let printable = token.unicodeScalars.prefix(60).map { $0.properties.generalCategory == .control ? "?" : String($0) }
  return "'" + printable.joined() + (token.unicodeScalars.count > 60 ? "…'" : "'")
}
