import Core

/// A message that comes as a list of parts, as Anthropic's and Amazon's protocols have it.
struct ContentBlocks {
  /// The parts that are text, one after the other.
  let text: String
  /// Whether there is reasoning in parts of its own.
  let hasReasoning: Bool

  /// - Parameter reasoning: types of the parts that are no text for the user, or names of their members where parts have no type.
  /// - Throws: `MalformedReply` for anything but a list of parts, or a text.
  init(_ content: JSON, reasoning: Set<String>) throws(MalformedReply) {
    if let whole = content.string {
      (text, hasReasoning) = (whole, false)
      return
    }
    guard let parts = content.array else {
      throw MalformedReply(message: "the response's content is \(content.kind), not a list of parts")
    }
    var text = ""
    var hasReasoning = false
    for part in parts {
      let kind = part["type"]?.string
      let names = kind.map { [$0] } ?? part.members?.map(\.key) ?? []
      if !reasoning.isDisjoint(with: names) {
        hasReasoning = true
      } else if kind == "text" || kind == nil && part["text"] != nil {
        guard let piece = part["text"]?.string else {
          throw MalformedReply(message: "a part of the response's text is \((part["text"] ?? .null).kind)")
        }
        text += piece
      }
    }
    (self.text, self.hasReasoning) = (text, hasReasoning)
  }
}
