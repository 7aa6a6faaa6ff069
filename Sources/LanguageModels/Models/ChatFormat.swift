import Core
import Tokenizers

/// How a chat model marks turns. The formats of the families that Sluice runs; others are stated in a policy's
/// `template`.
public enum ChatFormat: Hashable, Sendable {
  /// `<|im_start|>role … <|im_end|>` (Qwen, SmolLM2); without a system prompt the checkpoint's own goes first.
  case chatML(defaultSystem: String?)
  /// `<|start_header_id|>role<|end_header_id|> … <|eot_id|>`; from 3.1 a system turn states two dates.
  case llama3(datesSystem: Bool)
  /// `<start_of_turn>role … <end_of_turn>`; a system prompt is part of the user's turn.
  case gemma

  /// Recognises a checkpoint's own chat template (Jinja) by its marks, nil for one of another kind.
  public init?(template: String) {
    if template.contains("<|start_header_id|>") {
      self = .llama3(datesSystem: template.contains("Cutting Knowledge Date"))
    } else if template.contains("<|im_start|>") {
      self = .chatML(defaultSystem: Self.defaultSystem(in: template))
    } else if template.contains("<start_of_turn>") {
      self = .gemma
    } else {
      return nil
    }
  }

  /// One exchange: `{prompt}`, and `{system}` where there is a system prompt.
  public func template(withSystem: Bool) -> String {
    switch self {
    case .chatML(let defaultSystem):
      let system = withSystem ? "{system}" : defaultSystem
      return (system.map { "<|im_start|>system\n\($0)<|im_end|>\n" } ?? "")
        + "<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n"
    case .llama3(let datesSystem):
      func turn(_ role: String, _ text: String) -> String {
        "<|start_header_id|>\(role)<|end_header_id|>\n\n\(text)<|eot_id|>"
      }
      // The date that the published template falls back to, so that a run can be repeated.
      let dates = datesSystem ? "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n" : ""
      let system = dates + (withSystem ? "{system}" : "")
      return (system.isEmpty ? "" : turn("system", system)) + turn("user", "{prompt}")
        + "<|start_header_id|>assistant<|end_header_id|>\n\n"
    case .gemma:
      return "<start_of_turn>user\n" + (withSystem ? "{system}\n\n" : "")
        + "{prompt}<end_of_turn>\n<start_of_turn>model\n"
    }
  }

  /// The token that ends a turn.
  var endOfTurn: String {
    switch self {
    case .chatML: "<|im_end|>"
    case .llama3: "<|eot_id|>"
    case .gemma: "<end_of_turn>"
    }
  }

  /// The system prompt that a template writes when none is given: a literal between the marks of a system turn.
  private static func defaultSystem(in template: String) -> String? {
    for opening in [#"<|im_start|>system\n"#, "<|im_start|>system\n"] {
      var rest = template[...]
      while let start = rest.range(of: opening) {
        rest = rest[start.upperBound...]
        guard let end = rest.range(of: "<|im_end|>") else { break }
        let text = rest[..<end.lowerBound]
        if !text.isEmpty, !text.contains(where: { "'\"{}+".contains($0) }) { return String(text) }
      }
    }
    return nil
  }
}

/// What a checkpoint says about turns.
public enum ChatSupport: Hashable, Sendable {
  /// It is no chat model.
  case none
  case known(ChatFormat)
  /// It has a chat template of a kind that isn't built in.
  case unknown

  /// - Parameter template: the checkpoint's own, nil where it has none.
  init(template: String?, _ tokenizer: Tokenizer) {
    guard let template else {
      self = .none
      return
    }
    // A template whose marks aren't tokens belongs to another tokenizer.
    if let format = ChatFormat(template: template), tokenizer.id(of: format.endOfTurn) != nil {
      self = .known(format)
    } else {
      self = .unknown
    }
  }
}
