/// The block of reasoning that a text begins with, where a server has not taken it out.
public enum Reasoning {
  /// The text doesn't begin with reasoning.
  case none
  /// What follows the block.
  case closed(answer: Substring)
  /// The block never ends: the text was cut within it.
  case open

  /// How models mark reasoning, opening and closing.
  ///
  /// - `<think>`: DeepSeek-R1, QwQ, Qwen3 and most that came after.
  /// - `<thinking>`, `<thought>`, `<reasoning>`: by prompt or fine-tuning (Reflection, EXAONE, Granite).
  /// - `[THINK]`: Magistral.
  /// - `<|channel|>analysis<|message|>`: gpt-oss, in the Harmony format.
  static let marks: [(opening: String, closing: String)] = [
    ("<think>", "</think>"), ("<thinking>", "</thinking>"), ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"), ("[THINK]", "[/THINK]"),
    ("<|channel|>analysis<|message|>", "<|channel|>final<|message|>"),
  ]

  /// Splits at the last closing mark: whatever a model quotes while it reasons is before that.
  ///
  /// Templates that end in `<think>` make replies that only close the block, so a closing mark alone will do.
  public init(of text: String) {
    let body = text.drop(while: \.isWhitespace)
    for mark in Self.marks {
      let begins = body.utf8.starts(with: mark.opening.utf8)
      if let end = body.utf8.ranges(of: Array(mark.closing.utf8)).last {
        // Something was said before the block: it is no leading one, and nothing of it is set apart.
        if !begins, body.utf8.firstRange(of: Array(mark.opening.utf8)) != nil { continue }
        self = .closed(answer: body[end.upperBound...])
        return
      }
      if begins {
        self = .open
        return
      }
    }
    self = .none
  }

  /// How many times `text` closes a block: more than once, and where the reasoning ends is anybody's guess.
  public static func closings(in text: String) -> Int {
    marks.reduce(0) { $0 + text.utf8.ranges(of: Array($1.closing.utf8)).count }
  }
}
