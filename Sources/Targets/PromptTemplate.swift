/// Wraps an attack before a model sees it: `{prompt}` and `{system}` in a text are replaced.
struct PromptTemplate: Sendable {
  private enum Piece: Sendable {
    case text(Substring)
    case prompt
    case system
  }

  private let pieces: [Piece]
  private let system: String

  /// - Parameters:
  ///   - text: a template that doesn't mention `{prompt}` gets it at its end.
  ///   - system: goes before everything where the template doesn't say `{system}`.
  init(_ text: String, system: String? = nil) {
    var pieces: [Piece] = []
    var rest = text[...]
    // One pass, so that a prompt which itself says `{system}` doesn't pull the system prompt in.
    while let open = rest.firstIndex(of: "{") {
      let tail = rest[open...]
      let found: (Piece, Int)? =
        tail.hasPrefix("{prompt}") ? (.prompt, 8) : tail.hasPrefix("{system}") ? (.system, 8) : nil
      let end = rest.index(open, offsetBy: found?.1 ?? 1)
      pieces.append(.text(found == nil ? rest[..<end] : rest[..<open]))
      if let found { pieces.append(found.0) }
      rest = rest[end...]
    }
    pieces.append(.text(rest))
    func mentions(_ test: (Piece) -> Bool) -> Bool { pieces.contains(where: test) }
    if !mentions({ if case .prompt = $0 { true } else { false } }) { pieces.append(.prompt) }
    if system != nil, !mentions({ if case .system = $0 { true } else { false } }) {
      pieces.insert(contentsOf: [.system, .text("\n\n")], at: 0)
    }
    self.pieces = pieces
    self.system = system ?? ""
  }

  func render(_ prompt: String) -> String {
    var result = ""
    for piece in pieces {
      switch piece {
      case .text(let text): result += text
      case .prompt: result += prompt
      case .system: result += system
      }
    }
    return result
  }
}
