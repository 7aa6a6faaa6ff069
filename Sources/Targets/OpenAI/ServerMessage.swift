import Core

/// What a server says in an error body, made fit for logs and reports.
struct ServerMessage: Sendable {
  /// One line; nil where the server said nothing usable.
  let text: String?
  /// The machine-readable code, for example `insufficient_quota`.
  let code: String?

  private static let longest = 240
  private static let window = 16

  /// - Parameters:
  ///   - privateTexts: prompts and the like; a message that repeats one is withheld.
  init(body: [UInt8], key: APIKey?, privateTexts: [String]) {
    let json = try? JSON(parsing: body)
    let error = json?["error"]
    let said =
      error?["message"]?.string ?? error?.string ?? json?["message"]?.string ?? json?["detail"]?.string
      ?? json?["detail"]?.array?.first?["msg"]?.string
    code = error?["code"]?.string ?? error?["type"]?.string
    text = said.flatMap { ServerMessage.presentable($0, key: key, privateTexts: privateTexts) }
  }

  private static func presentable(_ said: String, key: APIKey?, privateTexts: [String]) -> String? {
    // The key goes first: cutting the text could leave a part of it that no longer matches.
    let clean = key?.redacted(from: said) ?? said
    var line = ""
    for character in clean {
      line.append(character.isPrintable ? character : " ")
      if line.count == longest { break }
    }
    let words = line.split(separator: " ").joined(separator: " ")
    guard !words.isEmpty else { return nil }
    guard !privateTexts.contains(where: { repeats($0, in: words) }) else {
      return "(the server's message repeats the prompt and is withheld)"
    }
    return words
  }

  /// Whether `message` holds `text`, or any stretch of it that is long enough to be no coincidence.
  private static func repeats(_ text: String, in message: String) -> Bool {
    let wanted = text.split(whereSeparator: { !$0.isPrintable || $0 == " " }).joined(separator: " ")
    if wanted.count < window { return wanted.count >= 6 && message.contains(wanted) }
    let characters = Array(message)
    guard characters.count >= window else { return false }
    return (0...(characters.count - window)).contains { wanted.contains(String(characters[$0..<$0 + window])) }
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
