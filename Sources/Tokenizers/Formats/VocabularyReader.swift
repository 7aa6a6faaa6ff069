import Core

/// Vocabularies as the files write them: `{"token": id}`.
enum VocabularyReader {
  /// - Throws: `SluiceError` for ids that are no ids, used twice, or out of range, and for an empty vocabulary.
  static func vocabulary(_ field: JSONField) throws -> Vocabulary {
    var vocabulary = Vocabulary()
    for member in try field.members() {
      guard let id = member.value.integer, id >= 0, id <= Vocabulary.maximumID else {
        throw field.error("the id of \(quoted(member.key)) isn't an integer from 0 to \(Vocabulary.maximumID)")
      }
      guard vocabulary.insert(member.key.utf8, id: id) else {
        throw field.error("the id \(id) of \(quoted(member.key)) belongs to another token too")
      }
    }
    guard vocabulary.count > 0 else { throw field.error("the vocabulary is empty") }
    return vocabulary
  }

  /// Adds a token that the model's own vocabulary may hold already, under the same id.
  static func add(_ token: String, id: Int, to vocabulary: inout Vocabulary, _ field: JSONField) throws {
    guard token.utf8.count <= AddedTokenMatcher.maximumLength else {
      throw field.error("an added token of \(token.utf8.count) bytes; at most \(AddedTokenMatcher.maximumLength)")
    }
    if let known = vocabulary.id(of: token.utf8) {
      guard known == id else {
        throw field.error("\(quoted(token)) has the id \(id) here and \(known) in the vocabulary")
      }
      return
    }
    guard vocabulary.insert(token.utf8, id: id) else {
      throw field.error("the id \(id) of \(quoted(token)) belongs to another token too")
    }
  }
}
