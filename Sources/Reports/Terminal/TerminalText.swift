/// Text as a terminal lays it out: columns, not characters.
enum TerminalText {
  /// Columns that `text` takes: two for East Asian wide characters and emoji, none for marks that join the one before.
  static func width(_ text: String) -> Int { text.reduce(0) { $0 + width($1) } }

  private static func width(_ character: Character) -> Int {
    guard let first = character.unicodeScalars.first else { return 0 }
    let properties = first.properties
    switch properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format, .control: return 0
    default: break
    }
    if properties.isEmojiPresentation || character.unicodeScalars.contains("\u{FE0F}") { return 2 }
    switch first.value {
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
      0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x3FFFD:
      return 2
    default: return 1
    }
  }

  static func padded(_ text: String, to columns: Int) -> String {
    text + String(repeating: " ", count: max(0, columns - width(text)))
  }

  /// What no line may begin with, and what none may end with (the core of JIS X 4051's rules).
  private static let closing = Set("、。，．・：；？！）」』】〉》〕］｝ー…々ぁぃぅぇぉっゃゅょァィゥェォッャュョ%‰,.:;?!)]}")
  private static let opening = Set("（「『【〈《〔［｛([{")

  /// Whether the script parts no words: Han, kana and their punctuation, full-width forms.
  private static func isIdeographic(_ character: Character) -> Bool {
    switch character.unicodeScalars.first?.value ?? 0 {
    case 0x2E80...0x30FF, 0x31F0...0x31FF, 0x3400...0x9FFF, 0xF900...0xFAFF, 0xFF01...0xFF60, 0x20000...0x3FFFD: true
    default: false
    }
  }

  /// Parts between which a line may end, each with whether a space parts it from the one before.
  private static func pieces(_ text: String) -> [(text: String, isSpaced: Bool)] {
    text.split(separator: " ").flatMap { word -> [(text: String, isSpaced: Bool)] in
      if word.utf8.allSatisfy({ $0 < 0x80 }) { return [(String(word), true)] }
      var parts: [(text: String, isSpaced: Bool)] = []
      var last: Character?
      for character in word {
        let mayBreak =
          last.map { last in
            (isIdeographic(last) || isIdeographic(character)) && !closing.contains(character) && !opening.contains(last)
          } ?? true
        if mayBreak { parts.append(("", parts.isEmpty)) }
        parts[parts.count - 1].text.append(character)
        last = character
      }
      return parts
    }
  }

  /// The text, or what fits of it with an ellipsis.
  static func cut(_ text: String, to columns: Int) -> String {
    if width(text) <= columns { return text }
    var (kept, used) = ("", 1)
    for character in text {
      used += width(character)
      if used > columns { break }
      kept.append(character)
    }
    return kept + "…"
  }

  /// Lines of at most `columns` columns, broken between words, beside Chinese and Japanese characters, and inside a word that is longer than a line.
  static func wrapped(_ text: String, to columns: Int) -> [String] {
    var lines: [String] = []
    var (line, used) = ("", 0)
    for (piece, isSpaced) in pieces(text) {
      var word = piece
      var size = width(word)
      let space = isSpaced && used > 0 ? 1 : 0
      if used > 0 && used + space + size > columns {
        lines.append(line)
        (line, used) = ("", 0)
      }
      while size > columns {
        var (head, taken) = ("", 0)
        while let next = word.first, taken == 0 || taken + width(next) <= columns {
          head.append(word.removeFirst())
          taken += width(next)
        }
        lines.append(head)
        size = width(word)
      }
      if isSpaced && used > 0 {
        line += " "
        used += 1
      }
      line += word
      used += size
    }
    if used > 0 || lines.isEmpty { lines.append(line) }
    return lines
  }
}
