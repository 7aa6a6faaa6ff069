/// A declaration in a file's or a type's own scope; what stands in a function's body is none.
struct Declaration {
  let keyword: String
  let name: String
  /// The types around it, the outermost first.
  let path: [String]
  let modifiers: Set<String>
  /// The labels of its parameters, `_` where there is none.
  let labels: [String]
  /// What a type or an extension names behind its colon.
  let inherited: [String]
  let isDocumented: Bool
  /// True in a protocol, an enum and an extension that are public, whose members need no word of their own.
  let isInPublicScope: Bool
  let line: Int

  var fullName: String { (path + [name]).joined(separator: ".") }
  /// As documentation writes it: `name(label:_:)`, `name` for what takes no arguments.
  var signature: String {
    switch keyword {
    case "func" where name.first?.isLetter == false && name.first != "_":
      "\(name)(\(String(repeating: "_:", count: labels.count)))"
    case "func", "init": "\(name)(\(labels.map { "\($0):" }.joined()))"
    default: name
    }
  }
  var isType: Bool {
    ["struct", "class", "enum", "actor", "protocol", "typealias", "associatedtype"].contains(keyword)
  }
  var isFilePrivate: Bool { modifiers.contains("private") || modifiers.contains("fileprivate") }
  var isPublic: Bool {
    modifiers.contains("public") || modifiers.contains("open")
      || isInPublicScope && modifiers.isDisjoint(with: ["private", "fileprivate", "internal", "package"])
  }
}

/// Names joined by dots, as `Outer.Inner` or `rate` alone.
struct Use {
  let chain: [String]
  /// The types around it, the outermost first.
  let path: [String]
  /// True where a parenthesis opens behind the last name.
  let isCall: Bool
  let line: Int
}

/// What a file declares, and what it names.
struct Outline {
  let file: String
  private(set) var declarations: [Declaration] = []
  private(set) var uses: [Use] = []

  private struct Scope {
    enum Kind { case declarations, body }

    let kind: Kind
    let path: [String]
    var keyword = ""
    var isPublic = false
  }

  private let tokens: [Token]
  private var position = 0
  private var scopes = [Scope(kind: .declarations, path: [])]
  private var modifiers: Set<String> = []
  private var isDocumented = false

  private static let types: Set = ["struct", "class", "enum", "actor", "protocol", "extension"]
  private static let values: Set = ["func", "var", "let", "init", "subscript", "case", "typealias", "associatedtype"]
  private static let modifierWords: Set = [
    "public", "private", "fileprivate", "internal", "package", "open", "static", "class", "final", "nonisolated",
    "mutating", "nonmutating", "indirect", "lazy", "weak", "unowned", "override", "required", "convenience", "async",
    "isolated", "prefix", "postfix", "infix", "consuming", "borrowing", "dynamic", "optional",
  ]

  init(file: String, text: String) {
    self.file = file
    tokens = Lexer.tokens(text)
    while position < tokens.count { read() }
  }

  private var scope: Scope { scopes[scopes.count - 1] }

  private func token(_ offset: Int) -> Token? {
    tokens.indices.contains(position + offset) ? tokens[position + offset] : nil
  }

  private func text(_ offset: Int = 0) -> String { token(offset)?.text ?? "" }

  private mutating func read() {
    let next = tokens[position]
    switch next.kind {
    case .documentation:
      isDocumented = true
      position += 1
    case .sign: readSign(next.text)
    case .word where scope.kind == .declarations && isDeclaration(next.text):
      if Self.types.contains(next.text) { readType() } else { readValue() }
    case .word where scope.kind == .declarations && Self.modifierWords.contains(next.text):
      modifiers.insert(next.text)
      position += 1
      // `private(set)`, `nonisolated(unsafe)`.
      if text() == "(" {
        if next.text != "nonisolated" { modifiers.remove(next.text) }
        skipParentheses()
      }
    case .word:
      forget()
      readUse()
    }
  }

  private func isDeclaration(_ word: String) -> Bool {
    if text(-1) == "." { return false }
    // `class func` and `class var`: the first is a modifier.
    if word == "class", ["func", "var", "let"].contains(text(1)) { return false }
    if word == "init", text(1) != "(", text(1) != "?", text(1) != "<" { return false }
    if word == "case" { return scope.keyword == "enum" }
    if Self.types.contains(word), token(1)?.kind != .word { return false }
    return Self.types.contains(word) || Self.values.contains(word)
  }

  private mutating func readSign(_ sign: String) {
    position += 1
    switch sign {
    case "{":
      scopes.append(Scope(kind: .body, path: scope.path))
      forget()
    case "}":
      if scopes.count > 1 { scopes.removeLast() }
      forget()
    case "@":
      // An attribute and its arguments stand between a comment and its declaration.
      if token(0)?.kind == .word { position += 1 }
      if text() == "(" { skipParentheses() }
    case _ where (sign == "(" || sign == "[") && scope.kind == .declarations:
      // Labels and defaults are no declarations.
      let (modifiers, isDocumented) = (modifiers, isDocumented)
      readGroup()
      (self.modifiers, self.isDocumented) = (modifiers, isDocumented)
    case "#": break
    default: if scope.kind == .declarations { forget() }
    }
  }

  /// Reads past the bracket that closes what was opened, with the uses in it.
  private mutating func readGroup() {
    var depth = 1
    while depth > 0, let next = token(0) {
      if next.kind == .word {
        readUse()
      } else {
        if "([{".contains(next.text) { depth += 1 }
        if ")]}".contains(next.text) { depth -= 1 }
        position += 1
      }
    }
  }

  private mutating func skipParentheses() {
    position += 1
    readGroup()
  }

  private mutating func forget() {
    modifiers = []
    isDocumented = false
  }

  private mutating func declare(
    _ keyword: String, _ name: String, labels: [String] = [], inherited: [String] = [], line: Int
  ) {
    declarations.append(
      Declaration(
        keyword: keyword, name: name, path: scope.path, modifiers: modifiers, labels: labels, inherited: inherited,
        isDocumented: isDocumented,
        isInPublicScope: scope.isPublic && (scope.keyword != "enum" || keyword == "case"), line: line))
  }

  private mutating func readType() {
    let (keyword, line) = (text(), tokens[position].line)
    position += 1
    var names = [text()]
    if keyword == "extension" {
      record(at: position)
      while text(1) == ".", token(2)?.kind == .word {
        names.append(text(2))
        position += 2
      }
    }
    position += 1
    // The header: generic parameters, what it inherits, where it holds.
    var inherited: [String] = []
    while position < tokens.count, text() != "{" {
      if tokens[position].kind == .word {
        inherited.append(text())
        readUse()
      } else {
        position += 1
      }
    }
    declare(keyword, names.joined(separator: "."), inherited: inherited, line: line)
    let isPublic = declarations[declarations.count - 1].isPublic
    let path = keyword == "extension" ? names : scope.path + names
    let opens = ["extension", "protocol", "enum"].contains(keyword) && isPublic
    scopes.append(Scope(kind: .declarations, path: path, keyword: keyword, isPublic: opens))
    forget()
    position += 1
  }

  private mutating func readValue() {
    let (keyword, line) = (text(), tokens[position].line)
    position += 1
    if keyword == "case" { return readCases(line: line) }
    var name = keyword
    if keyword != "init", keyword != "subscript" {
      name = ""
      if token(0)?.kind == .word {
        name = text()
        position += 1
      } else {
        while let sign = token(0), sign.kind == .sign, sign.text != "(" {
          name += sign.text
          position += 1
        }
      }
    }
    let (modifiers, isDocumented) = (modifiers, isDocumented)
    if keyword == "typealias" || keyword == "associatedtype" || keyword == "func" || keyword == "init"
      || keyword == "subscript"
    {
      // Past generic parameters to the parameters.
      while position < tokens.count, text() == "?" || text() == "!" { position += 1 }
      if text() == "<" { skipGenerics() }
      declare(keyword, name, labels: labels(), line: line)
    } else {
      declare(keyword, name, line: line)
      // `let a, b: Int` and `let a: Int, b: Int`.
      while true {
        if text() == ",", token(1)?.kind == .word, [":", ",", "="].contains(text(2)) {
          name = text(1)
          position += 2
          (self.modifiers, self.isDocumented) = (modifiers, isDocumented)
          declare(keyword, name, line: line)
        } else if text() == ":", token(1)?.kind == .word, text(2) == "," {
          position += 1
          readUse()
        } else {
          break
        }
      }
    }
    forget()
  }

  private mutating func readCases(line: Int) {
    let (modifiers, isDocumented) = (modifiers, isDocumented)
    while token(0)?.kind == .word {
      (self.modifiers, self.isDocumented) = (modifiers, isDocumented)
      declare("case", text(), line: line)
      position += 1
      if text() == "(" { skipParentheses() }
      if text() == "=" {
        position += 1
        if text() == "-" { position += 1 }
        if text() == "\"" { position += 1 }
      }
      guard text() == "," else { break }
      position += 1
    }
    forget()
  }

  private mutating func skipGenerics() {
    var depth = 0
    repeat {
      if text() == "<" { depth += 1 }
      if text() == ">" { depth -= 1 }
      if token(0)?.kind == .word { readUse() } else { position += 1 }
    } while depth > 0 && position < tokens.count
  }

  /// Labels of the parameters that open here; nothing is read past.
  private func labels() -> [String] {
    guard text() == "(" else { return [] }
    var (labels, depth, index) = ([String](), 0, position)
    repeat {
      let sign = tokens[index].kind == .sign ? tokens[index].text : ""
      if "([{".contains(sign), !sign.isEmpty { depth += 1 }
      if ")]}".contains(sign), !sign.isEmpty { depth -= 1 }
      index += 1
      if depth == 1, sign == "(" || sign == ",", index + 2 < tokens.count, tokens[index].kind == .word,
        tokens[index + 1].text == ":" || tokens[index + 1].kind == .word && tokens[index + 2].text == ":"
      {
        labels.append(tokens[index].text)
      }
    } while depth > 0 && index < tokens.count
    return labels
  }

  /// A name behind a dot belongs to the chain before it.
  private mutating func readUse() {
    if text(-1) != "." { record(at: position) }
    position += 1
  }

  private mutating func record(at start: Int) {
    var (chain, index) = ([tokens[start].text], start)
    while index + 2 < tokens.count, tokens[index + 1].text == ".", tokens[index + 2].kind == .word {
      chain.append(tokens[index + 2].text)
      index += 2
    }
    let isCall = index + 1 < tokens.count && tokens[index + 1].text == "("
    uses.append(Use(chain: chain, path: scope.path, isCall: isCall, line: tokens[start].line))
  }
}
