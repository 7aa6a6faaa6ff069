/// Filters on texts.
extension Renderer {
  func applyText(_ filter: Filter, to value: Value, _ arguments: Arguments) throws -> Value {
    func bound(_ names: String...) throws -> [Value?] {
      try arguments.bound(to: names, of: "the filter '\(filter.rawValue)'")
    }
    let text = try value.printed(work)
    try work.spend(readingEach: text)
    func marked(_ text: String) throws -> Value {
      let text = try work.made(text)
      if case .markup = value { return .markup(text) }
      return .string(text)
    }
    switch filter {
    case .trim:
      let given = try bound("chars")[0]
      let characters = try given.flatMap { $0.isNone ? nil : try $0.requiredText("the characters") }
      try work.spend(readingEach: characters ?? "")
      return try marked(PythonText.stripped(text, characters))
    case .lower:
      _ = try bound()
      return try marked(PythonText.lowercased(text))
    case .upper:
      _ = try bound()
      return try marked(PythonText.uppercased(text))
    case .capitalize:
      _ = try bound()
      return try marked(PythonText.capitalized(text))
    case .title:
      _ = try bound()
      return .string(try work.made(Self.titled(text)))
    case .replace:
      let given = try bound("old", "new", "count")
      guard let old = given[0], let new = given[1] else { throw Fault("the filter 'replace' needs two strings") }
      let count = try given[2].flatMap { $0.isNone ? nil : try $0.requiredInteger("the count") }
      return try marked(
        PythonText.replacing(
          text, old.printed(work), with: new.printed(work), limit: count.flatMap { $0 < 0 ? nil : $0 }, work))
    case .indent: return try marked(indented(value, bound("width", "first", "blank")))
    case .format:
      if !arguments.named.isEmpty { throw Fault.unsupported("'format' with names") }
      return .string(try formatted(text, .tuple(arguments.positional)))
    case .truncate:
      guard value.text != nil else { throw Fault.unsupported("'truncate' of a \(value.kind)") }
      return .string(try work.made(truncated(text, bound("length", "killwords", "end", "leeway"))))
    case .wordcount:
      _ = try bound()
      var count = 0
      var isInWord = false
      for scalar in text.unicodeScalars {
        let isWord = scalar == "_" || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
        if isWord, !isInWord { count += 1 }
        isInWord = isWord
      }
      return .integer(count)
    case .center:
      let width = try bound("width")[0]?.requiredInteger("the width") ?? 80
      return .string(try Methods.padded(text, width, " ", .both, work))
    default: throw Fault.unsupported("the filter '\(filter.rawValue)'")
    }
  }

  private func indented(_ value: Value, _ given: [Value?]) throws -> String {
    if case .undefined(let message) = value { throw Fault(message) }
    guard let text = value.text else { throw Fault("a \(value.kind) can't be indented") }
    let blank: String
    if let width = given[0]?.text {
      blank = width
    } else {
      let width = try given[0]?.requiredInteger("the width") ?? 4
      try work.spend(bytes: max(0, width))
      blank = String(repeating: " ", count: max(0, width))
    }
    let indentsBlank = given[2]?.isTrue ?? false
    var result = GrowingText(work)
    if given[1]?.isTrue ?? false { try result.append(blank) }
    for (index, line) in try PythonText.lines(text + "\n", work).enumerated() {
      if index > 0 {
        try result.append("\n")
        if indentsBlank || !line.isEmpty { try result.append(blank) }
      }
      try result.append(line)
    }
    return result.text
  }

  private func truncated(_ text: String, _ given: [Value?]) throws -> String {
    let length = try given[0]?.requiredInteger("the length") ?? 255
    let end = try given[2]?.requiredText("the end") ?? "..."
    let leeway = try given[3].flatMap { $0.isNone ? nil : try $0.requiredInteger("the leeway") } ?? 5
    let scalars = text.unicodeScalars
    let kept = length - end.unicodeScalars.count
    guard kept >= 0, leeway >= 0 else { throw Fault("'truncate' to a length below that of its end") }
    guard scalars.count > length + leeway else { return text }
    let start = String(scalars.prefix(kept))
    if given[1]?.isTrue ?? false { return start + end }
    return try PythonText.split(start, " ", limit: 1, fromRight: true, work)[0] + end
  }

  /// Jinja's own title case: words begin behind blanks, hyphens and brackets.
  private static func titled(_ text: String) -> String {
    var result = ""
    var word = String.UnicodeScalarView()
    func flush() {
      guard let first = word.first else { return }
      result += PythonText.uppercased(String(first))
      result += PythonText.lowercased(String(String.UnicodeScalarView(word.dropFirst())))
      word = String.UnicodeScalarView()
    }
    for scalar in text.unicodeScalars {
      if "-({[<".unicodeScalars.contains(scalar) || PythonText.isSpace(scalar) {
        flush()
        result += String(scalar)
      } else {
        word.append(scalar)
      }
    }
    flush()
    return result
  }
}
