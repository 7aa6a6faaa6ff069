/// GPT-2's word pattern, by hand instead of by a regular expression, so that it is linear in the text:
///
///     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
///
/// Source: Radford et al. 2019, `encoder.py` of the released model.
enum ByteLevelPattern {
  /// The end of the word that starts at `start`.
  static func end(of text: [UInt8], from start: Int, limit: Int) -> Int {
    if text[start] == UInt8(ascii: "'"), let end = contraction(text, at: start, limit: limit) { return end }
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
    // Where the run's last character starts, for the white space that leaves it to the next word.
    var last = start
    while end < limit {
      let next = text.scalar(at: end)
      guard CharacterClass.of(next.scalar) == kind else { break }
      last = end
      end = next.end
    }
    // `\s+(?!\S)`: before a word, white space gives its last character back unless it is the only one.
    return kind == .space && end < limit && last > start ? last : end
  }

  private static func contraction(_ text: [UInt8], at start: Int, limit: Int) -> Int? {
    guard start + 1 < limit else { return nil }
    switch text[start + 1] {
    case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return start + 2
    case let first:
      guard start + 2 < limit else { return nil }
      switch (first, text[start + 2]) {
      case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")),
        (UInt8(ascii: "l"), UInt8(ascii: "l")):
        return start + 3
      default: return nil
      }
    }
  }
}
