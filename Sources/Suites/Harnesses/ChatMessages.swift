import Core

/// Conversations as OpenAI's API takes them: objects with a role and a content, in a list.
enum ChatMessages {
  /// The last thing that the user said; nil where nobody did.
  /// - Parameter messages: a list; contents are texts, or lists of parts of which some have a text.
  static func lastUserTurn(_ messages: JSON?) -> String? {
    let turn = messages?.array?.last { $0["role"]?.string == "user" }
    guard let content = turn?["content"] else { return nil }
    if let text = content.string ?? content["text"]?.string { return text }
    let texts = content.array?.compactMap { $0.string ?? $0["text"]?.string } ?? []
    return texts.isEmpty ? nil : texts.joined(separator: "\n")
  }

  /// Whether a message's content says nothing: blanks, or nothing but reasoning.
  static func isBlank(_ content: JSON?) -> Bool {
    if let text = content?.string { return text.allSatisfy(\.isWhitespace) }
    guard let parts = content?.array else { return content?.isNull ?? true }
    return parts.allSatisfy { part in
      if let text = part.string ?? part["text"]?.string { return text.allSatisfy(\.isWhitespace) }
      return part["type"]?.string == "reasoning"
    }
  }

  /// The last user turn of a prompt that is a conversation written as JSON; nil for any other text.
  static func attack(in prompt: String) -> String? {
    guard prompt.contains("\"role\""), let first = prompt.first(where: { !$0.isWhitespace }), "[{".contains(first),
      let document = try? JSON(foreign: Array(prompt.utf8))
    else { return nil }
    return lastUserTurn(document["messages"] ?? document)
  }
}
