/// What a program that isn't Sluice said, made fit for logs and reports: one short printable line.
public struct ForeignMessage: Sendable {
  /// The line, ready to stand in a message of Sluice's.
  public let text: String

  private static let longest = 240
  private static let window = 16

  /// Nil where nothing printable is left.
  /// - Parameter privateTexts: prompts and the like; a message that repeats one is withheld.
  public init?(_ said: String, privateTexts: [String]) {
    var line = ""
    for character in said {
      line.append(character.isPrintable ? character : " ")
      if line.count == ForeignMessage.longest { break }
    }
    let words = line.split(separator: " ").joined(separator: " ")
    guard !words.isEmpty else { return nil }
    text =
      ForeignMessage.repeats(privateTexts, in: words)
      ? "(the message repeats a prompt and is withheld)" : words
  }

  /// Whether `message` holds one of `texts`, or any stretch of one that is long enough to be no coincidence.
  static func repeats(_ texts: [String], in message: String) -> Bool {
    let windows = Set(stretches(of: message))
    return texts.contains { text in
      let wanted = text.split(whereSeparator: { !$0.isPrintable || $0 == " " }).joined(separator: " ")
      guard wanted.count >= window else { return wanted.count >= 6 && message.contains(wanted) }
      return !windows.isEmpty && stretches(of: wanted).contains(where: windows.contains)
    }
  }

  private static func stretches(of text: String) -> [ArraySlice<Character>] {
    let characters = Array(text)
    guard characters.count >= window else { return [] }
    return (0...(characters.count - window)).map { characters[$0..<$0 + window] }
  }
}

extension Character {
  /// Neither a control character nor one that changes the direction or shape of the text around it.
  var isPrintable: Bool {
    unicodeScalars.allSatisfy { scalar in
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse: false
      default: true
      }
    }
  }
}
