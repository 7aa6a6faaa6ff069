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

  /// Lines of at most `columns` columns, broken between words, and inside a word that is longer than a line.
  static func wrapped(_ text: String, to columns: Int) -> [String] {
    var lines: [String] = []
    var (line, used) = ("", 0)
    for word in text.split(separator: " ") {
      var word = String(word)
      var size = width(word)
      if used > 0 && used + 1 + size > columns {
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
      if used > 0 { line += " " }
      line += word
      used += (used > 0 ? 1 : 0) + size
    }
    if used > 0 || lines.isEmpty { lines.append(line) }
    return lines
  }
}
