import Core
import Tokenizers

/// The special tokens of the lab's language.
enum Mark: String, CaseIterable, Sendable {
  case end = "<|end|>"
  case user = "<|user|>"
  case assistant = "<|assistant|>"
  case attacker = "<|attacker|>"
  case separator = "<|sep|>"
  case first = "<|cls|>"
}

/// How the models' texts become tokens.
struct Encoder: Sendable {
  let tokenizer: Tokenizer
  private let ids: [Mark: Int32]

  /// - Throws: `InternalError` when the tokenizer lacks a mark.
  init(_ tokenizer: Tokenizer) throws {
    self.tokenizer = tokenizer
    var ids: [Mark: Int32] = [:]
    for mark in Mark.allCases {
      guard let id = tokenizer.id(of: mark.rawValue) else {
        throw InternalError("the lab's tokenizer has no \(mark.rawValue)")
      }
      ids[mark] = Int32(id)
    }
    self.ids = ids
  }

  func id(_ mark: Mark) -> Int32 { ids[mark] ?? 0 }

  func tokens(_ text: String) -> [Int32] { tokenizer.encode(text).map { Int32($0) } }

  /// An exchange after `<|user|>`, and how many of its tokens come before the response.
  func exchange(_ transcript: Transcript) -> (tokens: [Int32], context: Int) {
    let prompt = tokens(transcript.prompt) + [id(.assistant)]
    return (prompt + tokens(transcript.response) + [id(.end)], prompt.count)
  }

  /// Exchanges after the first `<|user|>`, and how many tokens come before the last response.
  func conversation(_ turns: [Transcript]) -> (tokens: [Int32], context: Int) {
    var tokens: [Int32] = []
    var context = 0
    for (place, turn) in turns.enumerated() {
      let part = exchange(turn)
      if place > 0 { tokens.append(id(.user)) }
      context = tokens.count + part.context
      tokens += part.tokens
    }
    return (tokens, context)
  }

  /// A request after `<|attacker|>`.
  func request(_ prompt: String) -> [Int32] { tokens(prompt) + [id(.end)] }
}
