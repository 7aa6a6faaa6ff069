import Core

/// A prompt and its response, or the turns of a conversation, as another model may read them: material, without a way to become an instruction.
///
/// The response was written by a model that an attacker steers, so it may hold anything: a verdict, the end of the
/// transcript, a new task, the tokens that end a turn. Three things keep it in:
/// - both texts are strings of one line of JSON, so nothing in them can begin a line or end a string;
/// - every `<` and `[` is written as an escape, since servers take texts such as `<|im_end|>` or `[/INST]` for the end of
///   a turn wherever they stand in a message;
/// - the lines around it carry a code drawn for this request alone, which no response can know.
struct FencedTranscript: Sendable {
  let text: String
  /// Eight hexadecimal digits.
  let code: String

  /// - Parameter code: drawn for this request; 32 bits are one guess in four thousand million.
  init(_ input: JudgeInput, code: UInt32) {
    self.code = String(String(hexadecimal: UInt64(code)).suffix(8))
    let json = (input.exchange.map(Self.turns) ?? Self.pair(input)).serialized()
    text = "BEGIN TRANSCRIPT \(self.code)\n\(Self.escaped(json))\nEND TRANSCRIPT \(self.code)"
  }

  private static func pair(_ input: JudgeInput) -> JSON {
    .object([JSON.Member("prompt", .string(input.prompt)), JSON.Member("response", .string(input.response))])
  }

  /// Each turn with its speaker and words; those of the target are marked, so that nothing in a text can make it one of them.
  private static func turns(_ exchange: Exchange) -> JSON {
    func turn(_ speaker: String, _ message: Conversation.Message, isJudged: Bool) -> JSON {
      var members = [JSON.Member("speaker", .string(speaker)), JSON.Member("text", .string(message.text))]
      if !message.calls.isEmpty {
        members.append(.init("calls", .string(message.calls.map(\.line).joined(separator: "\n"))))
      }
      if isJudged { members.append(.init("judged", .bool(true))) }
      return .object(members)
    }
    let system = exchange.conversation?.system.map { turn("system", .init(.user, $0), isJudged: false) }
    let given = exchange.messages.dropLast(exchange.replies.count).map {
      turn($0.role.rawValue, $0, isJudged: false)
    }
    let replies = exchange.replies.map { turn($0.role.rawValue, $0, isJudged: $0.role == .assistant) }
    // By number: a list would have brackets outside of strings.
    let turns = ([system].compactMap(\.self) + given + replies).enumerated().map { JSON.Member("\($0 + 1)", $1) }
    return .object([.init("turns", .object(turns))])
  }

  /// JSON escapes the ASCII line breaks; the first three are breaks for many readers as well. The other two occur nowhere
  /// outside the strings of this object.
  private static func escaped(_ json: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in json.unicodeScalars {
      switch scalar {
      case "\u{85}": result.append(contentsOf: "\\u0085".unicodeScalars)
      case "\u{2028}": result.append(contentsOf: "\\u2028".unicodeScalars)
      case "\u{2029}": result.append(contentsOf: "\\u2029".unicodeScalars)
      case "<": result.append(contentsOf: "\\u003c".unicodeScalars)
      case "[": result.append(contentsOf: "\\u005b".unicodeScalars)
      default: result.append(scalar)
      }
    }
    return String(result)
  }

  /// A text for a guard model whose own chat template does the fencing: as it is, but for a space that keeps
  /// `<|eot_id|>`, `</s>` and `[/INST]` from being tokens.
  static func withoutControlTokens(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    var opened = false
    for scalar in text.unicodeScalars {
      if opened && !scalar.properties.isWhitespace { result.append(" ") }
      result.append(scalar)
      opened = scalar == "<" || scalar == "["
    }
    return String(result)
  }
}
