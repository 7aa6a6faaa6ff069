import Core

/// Reads `post_processor`: what stands around a single text.
enum TemplateReader {
  static func template(_ field: JSONField?, _ vocabulary: Vocabulary) throws -> SpecialTokenTemplate {
    guard let field else { return SpecialTokenTemplate() }
    switch try field.type() {
    // Moves offsets only, not ids.
    case "ByteLevel": return SpecialTokenTemplate()
    case "BertProcessing", "RobertaProcessing":
      return SpecialTokenTemplate(
        before: [try pair(field.required("cls"), vocabulary)], after: [try pair(field.required("sep"), vocabulary)])
    case "TemplateProcessing": return try pieces(field, vocabulary)
    case "Sequence":
      var template = SpecialTokenTemplate()
      for step in try field.required("processors").elements() {
        let inner = try self.template(step, vocabulary)
        template.before = inner.before + template.before
        template.after += inner.after
      }
      return template
    case let type: throw field.error("the post-processor \(quoted(type)) isn't supported")
    }
  }

  /// `["[SEP]", 102]`
  private static func pair(_ field: JSONField, _ vocabulary: Vocabulary) throws -> Int {
    let parts = try field.elements()
    guard parts.count == 2 else { throw field.error("expected a token and its id") }
    return try known(parts[1], vocabulary)
  }

  private static func known(_ field: JSONField, _ vocabulary: Vocabulary) throws -> Int {
    let id = try field.integer(in: 0...Vocabulary.maximumID)
    guard vocabulary.contains(id: id) else { throw field.error("no token has the id \(id)") }
    return id
  }

  private static func pieces(_ field: JSONField, _ vocabulary: Vocabulary) throws -> SpecialTokenTemplate {
    var template = SpecialTokenTemplate()
    var seenText = false
    for piece in try field.required("single").elements() {
      if piece.optional("Sequence") != nil {
        guard !seenText else { throw piece.error("the text stands in the template twice") }
        seenText = true
        continue
      }
      let name = try piece.required("SpecialToken").required("id").string()
      let ids = try field.required("special_tokens").required(name).required("ids").elements()
        .map { try known($0, vocabulary) }
      if seenText { template.after += ids } else { template.before += ids }
    }
    guard seenText else { throw field.error("the template doesn't hold the text") }
    return template
  }
}
