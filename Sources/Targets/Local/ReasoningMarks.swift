import Core
import Tokenizers

/// Keeps the marks around reasoning readable: some models have special tokens for them, and some chat templates open the
/// block already in the prompt.
struct ReasoningMarks: Sendable {
  private let tokenizer: Tokenizer
  /// Special tokens that are marks.
  private let marks: [Int: String]

  init(_ tokenizer: Tokenizer) {
    self.tokenizer = tokenizer
    let marks = Reasoning.spellings.compactMap { mark in
      tokenizer.id(of: mark).flatMap { tokenizer.specialTokenIDs.contains($0) ? ($0, mark) : nil }
    }
    self.marks = Dictionary(marks) { first, _ in first }
  }

  /// The text of what a model wrote, without special tokens but with marks.
  func text(of tokens: [Int]) -> String {
    guard !marks.isEmpty, tokens.contains(where: { marks[$0] != nil }) else { return tokenizer.decode(tokens) }
    var text = ""
    var rest = tokens[...]
    while let place = rest.firstIndex(where: { marks[$0] != nil }) {
      text += tokenizer.decode(Array(rest[..<place])) + (marks[rest[place]] ?? "")
      rest = rest[(place + 1)...]
    }
    return text + tokenizer.decode(Array(rest))
  }

  /// The mark that a prompt ends with, and the white space behind it; empty where the model doesn't begin inside a block.
  ///
  /// The response begins with it, so that reasoning which is never closed isn't taken for an answer.
  static func opening(endOf prompt: String) -> String {
    var end = prompt[...]
    while let last = end.last, last.isWhitespace { end = end.dropLast() }
    guard let mark = Reasoning.openings.first(where: { end.hasSuffix($0) }) else { return "" }
    return mark + prompt[end.endIndex...]
  }
}
