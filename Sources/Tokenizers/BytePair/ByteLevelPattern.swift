/// A regular expression that cuts text into words, by hand instead of by a regular-expression engine, so that it is
/// linear in the text.
enum ByteLevelPattern: Sendable {
  /// Radford et al. 2019, `encoder.py` of the released model:
  ///
  ///     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
  case gpt2
  /// Llama 3 (three digits) and Qwen 2 (one):
  ///
  ///     (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
  case modern(digits: Int)

  /// The pattern that a `tokenizer.json` writes out as `regex`, nil for one that isn't known.
  init?(regex: String) {
    func modern(_ numbers: String) -> String {
      #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"# + numbers
        + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    }
    switch regex {
    case #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#: self = .gpt2
    case modern(#"\p{N}{1,3}"#): self = .modern(digits: 3)
    case modern(#"\p{N}"#): self = .modern(digits: 1)
    default: return nil
    }
  }

  /// The end of the word that starts at `start`.
  @inline(__always)
  func end(of text: [UInt8], from start: Int, limit: Int) -> Int {
    switch self {
    case .gpt2: ByteLevelPattern.gpt2End(of: text, from: start, limit: limit)
    case .modern(let digits): ByteLevelPattern.modernEnd(of: text, from: start, limit: limit, digits: digits)
    }
  }

  private static func gpt2End(of text: [UInt8], from start: Int, limit: Int) -> Int {
    if text[start] == UInt8(ascii: "'"), let end = contraction(text, at: start, limit: limit, foldsCase: false) {
      return end
    }
    let first = text.scalar(at: start)
    var kind = CharacterClass.of(first.scalar)
    var end = first.end
    if text[start] == 0x20, end < limit {
      // ` ?` takes one blank into the word behind it, and only U+0020.
      let second = text.scalar(at: end)
      let secondKind = CharacterClass.of(second.scalar)
      if secondKind != .space {
        kind = secondKind
        end = second.end
      }
    }
    let run = endOfRun(kind, text, from: start, at: end, limit: limit)
    // `\s+(?!\S)`: before a word, white space gives its last character back unless it is the only one.
    return kind == .space && run.end < limit && run.last > start ? run.last : run.end
  }

  private static func modernEnd(of text: [UInt8], from start: Int, limit: Int, digits: Int) -> Int {
    if text[start] == UInt8(ascii: "'"), let end = contraction(text, at: start, limit: limit, foldsCase: true) {
      return end
    }
    let first = text.scalar(at: start)
    let kind = CharacterClass.of(first.scalar)
    switch kind {
    case .letter: return endOfRun(.letter, text, from: start, at: first.end, limit: limit).end
    case .number:
      var end = first.end
      var count = 1
      while count < digits, end < limit, case let next = text.scalar(at: end), CharacterClass.of(next.scalar) == .number
      {
        end = next.end
        count += 1
      }
      return end
    case .space, .other: break
    }
    let second = first.end < limit ? text.scalar(at: first.end) : nil
    let secondKind = second.map { CharacterClass.of($0.scalar) }
    // One character that is no line break goes with the letters behind it.
    if let second, secondKind == .letter, !isLineBreak(text[start]) {
      return endOfRun(.letter, text, from: start, at: second.end, limit: limit).end
    }
    if kind == .other || text[start] == 0x20 && secondKind == .other {
      var end = endOfRun(.other, text, from: start, at: first.end, limit: limit).end
      while end < limit, isLineBreak(text[end]) { end += 1 }
      return end
    }
    // White space: up to the last line break in it, else all but the last character before a word.
    var end = start
    var last = start
    var behindBreak = start
    while end < limit, case let next = text.scalar(at: end), CharacterClass.of(next.scalar) == .space {
      last = end
      if isLineBreak(text[end]) { behindBreak = next.end }
      end = next.end
    }
    if behindBreak > start { return behindBreak }
    return end < limit && last > start ? last : end
  }

  private static func isLineBreak(_ byte: UInt8) -> Bool { byte == 0x0a || byte == 0x0d }

  /// Where a run of one kind that is at `offset` ends, and where its last character starts.
  private static func endOfRun(
    _ kind: CharacterClass, _ text: [UInt8], from start: Int, at offset: Int, limit: Int
  ) -> (end: Int, last: Int) {
    var end = offset
    var last = start
    while end < limit {
      let next = text.scalar(at: end)
      guard CharacterClass.of(next.scalar) == kind else { break }
      last = end
      end = next.end
    }
    return (end, last)
  }

  private static func contraction(_ text: [UInt8], at start: Int, limit: Int, foldsCase: Bool) -> Int? {
    guard start + 1 < limit else { return nil }
    // Sets the bit of lower case; only letters become letters by it.
    let fold: UInt8 = foldsCase ? 0x20 : 0
    func letter(_ index: Int) -> UInt8 { text[index] | fold }
    switch letter(start + 1) {
    case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return start + 2
    case let first:
      guard start + 2 < limit else { return nil }
      // U+017F, the long s, is an s to a case-insensitive match.
      if foldsCase, text[start + 1] == 0xc5, text[start + 2] == 0xbf { return start + 3 }
      switch (first, letter(start + 2)) {
      case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")),
        (UInt8(ascii: "l"), UInt8(ascii: "l")):
        return start + 3
      default: return nil
      }
    }
  }
}
