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
  static let marks: [(opening: StaticString, closing: StaticString)] = [
    ("<think>", "</think>"), ("<thinking>", "</thinking>"), ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"), ("[THINK]", "[/THINK]"),
    ("<|channel|>analysis<|message|>", "<|channel|>final<|message|>"),
  ]

  /// The marks that open a block.
  public static let openings = marks.map { "\($0.opening)" }

  /// All marks.
  public static let spellings = marks.flatMap { ["\($0.opening)", "\($0.closing)"] }

  /// Splits at the last closing mark: whatever a model quotes while it reasons is before that.
  ///
  /// Templates that end in `<think>` make replies that only close the block, so a closing mark alone will do.
  public init(of text: String) {
    let body = text.drop(while: \.isWhitespace)
    switch Self.find(in: body) {
    case .none: self = .none
    case .open: self = .open
    case .closed(let end): self = .closed(answer: body[body.utf8.index(body.utf8.startIndex, offsetBy: end)...])
    }
  }

  /// How many times `text` closes a block: more than once, and where the reasoning ends is anybody's guess.
  public static func closings(in text: String) -> Int {
    withBytes(of: text[...]) { bytes in
      marks.reduce(0) { count, mark in
        var (count, rest) = (count, bytes)
        while let found = rest.firstRange(of: mark.closing) {
          count += 1
          rest = UnsafeRawBufferPointer(rebasing: rest[found.upperBound...])
        }
        return count
      }
    }
  }

  private enum Place {
    case none, open
    /// Bytes up to the end of the block.
    case closed(Int)
  }

  private static func find(in body: Substring) -> Place {
    withBytes(of: body) { bytes in
      // Every mark begins with one of these two, and most texts hold neither.
      guard bytes.contains(UInt8(ascii: "<")) || bytes.contains(UInt8(ascii: "[")) else { return .none }
      for mark in marks {
        let begins = bytes.hasPrefix(mark.opening)
        if let end = bytes.lastRange(of: mark.closing) {
          // Something was said before the block: it is no leading one, and nothing of it is set apart.
          if !begins, bytes.firstRange(of: mark.opening) != nil { continue }
          return .closed(end.upperBound)
        }
        if begins { return .open }
      }
      return .none
    }
  }

  private static func withBytes<Result>(
    of text: Substring, _ body: (UnsafeRawBufferPointer) -> Result
  ) -> Result {
    var text = text
    return text.withUTF8 { body(UnsafeRawBufferPointer($0)) }
  }
}

/// Texts are searched as bytes: in UTF-8 none begins within another's character.
extension UnsafeRawBufferPointer {
  fileprivate func hasPrefix(_ mark: StaticString) -> Bool { holds(mark, at: 0) }

  fileprivate func firstRange(of mark: StaticString) -> Range<Int>? {
    let length = mark.utf8CodeUnitCount
    guard length <= count else { return nil }
    for start in 0...(count - length) where holds(mark, at: start) { return start..<(start + length) }
    return nil
  }

  fileprivate func lastRange(of mark: StaticString) -> Range<Int>? {
    let length = mark.utf8CodeUnitCount
    guard length <= count else { return nil }
    for start in (0...(count - length)).reversed() where holds(mark, at: start) { return start..<(start + length) }
    return nil
  }

  private func holds(_ mark: StaticString, at start: Int) -> Bool {
    let length = mark.utf8CodeUnitCount
    guard length <= count - start, self[start] == mark.utf8Start[0] else { return false }
    return (1..<length).allSatisfy { self[start + $0] == mark.utf8Start[$0] }
  }
}
