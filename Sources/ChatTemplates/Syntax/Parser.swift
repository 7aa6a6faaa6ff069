/// Reads tokens as statements: Jinja's grammar, without what needs other templates (`include`, `import`, `extends`,
/// `block`).
struct Parser {
  private let tokens: [Token]
  private var position = 0
  private var nesting = 0
  /// Links of all chains around the expression that is read.
  private var links = 0
  /// Loops around the statement that is read, inside the innermost macro or block with a body of its own.
  private var loops = 0

  init(_ tokens: [Token]) { self.tokens = tokens }

  // MARK: - Tokens

  var current: Token { tokens[min(position, tokens.count - 1)] }

  var next: Token { tokens[min(position + 1, tokens.count - 1)] }

  @discardableResult
  mutating func take() -> Token {
    defer { position += 1 }
    return current
  }

  mutating func takes(name: String) -> Bool {
    guard current.isName(name) else { return false }
    position += 1
    return true
  }

  mutating func takes(symbol: String) -> Bool {
    guard current.isSymbol(symbol) else { return false }
    position += 1
    return true
  }

  mutating func expect(symbol: String) throws(TemplateError) {
    guard takes(symbol: symbol) else { throw unexpected("'\(symbol)'") }
  }

  mutating func expect(_ kind: Token.Kind, _ what: String) throws(TemplateError) {
    guard current.kind == kind else { throw unexpected(what) }
    position += 1
  }

  mutating func expectName() throws(TemplateError) -> String {
    guard case .name(let name) = current.kind else { throw unexpected("a name") }
    position += 1
    return name
  }

  func unexpected(_ wanted: String) -> TemplateError { error("expected \(wanted), found \(current.description)") }

  func error(_ message: String) -> TemplateError { TemplateError(.syntax, message, line: current.line) }

  func unsupported(_ what: String, line: Int? = nil) -> TemplateError {
    TemplateError(.unsupported, "\(what) is not supported", line: line ?? current.line)
  }

  /// Calls `body` one level deeper: a hostile template must not exhaust the stack.
  mutating func nested<Result>(
    _ body: (inout Parser) throws(TemplateError) -> Result
  ) throws(TemplateError) -> Result {
    nesting += 1
    defer { nesting -= 1 }
    guard nesting <= Limits.nesting else {
      throw TemplateError(.limit, "nested more than \(Limits.nesting) levels deep", line: current.line)
    }
    return try body(&self)
  }

  /// Counts a link of a chain, whose expressions lie in each other although they aren't written so.
  mutating func link() throws(TemplateError) {
    links += 1
    guard links <= Limits.links else {
      throw TemplateError(.limit, "a chain of more than \(Limits.links) operations", line: current.line)
    }
  }

  /// The links of one statement or output, from none.
  mutating func restartLinks() { links = 0 }

  // MARK: - Statements

  mutating func template() throws(TemplateError) -> [Statement] {
    let body = try statements(until: [])
    guard current.kind == .end else { throw unexpected("the end of the template") }
    return body
  }

  /// Statements up to a block that begins with one of `ends`, whose name is the current token then.
  private mutating func statements(until ends: Set<String>) throws(TemplateError) -> [Statement] {
    try nested { parser throws(TemplateError) in
      var body: [Statement] = []
      while true {
        let line = parser.current.line
        switch parser.current.kind {
        case .data(let text):
          parser.take()
          body.append(Statement(.data(text), line: line))
        case .variableBegin:
          parser.take()
          parser.restartLinks()
          body.append(Statement(.output(try parser.tuple()), line: line))
          try parser.expect(.variableEnd, "'}}'")
        case .blockBegin:
          parser.take()
          if case .name(let name) = parser.current.kind, ends.contains(name) { return body }
          body.append(try parser.statement())
          try parser.expect(.blockEnd, "'%}'")
        default:
          guard ends.isEmpty else { throw parser.unexpected(ends.sorted().map { "'\($0)'" }.joined(separator: " or ")) }
          return body
        }
      }
    }
  }

  /// The body of a block: from its `%}` to one of `ends`.
  private mutating func body(until ends: Set<String>) throws(TemplateError) -> [Statement] {
    _ = takes(symbol: ":")
    try expect(.blockEnd, "'%}'")
    return try statements(until: ends)
  }

  /// The body of a block that is a function of its own: no loop around it can be left from inside.
  private mutating func closedBody(until end: String) throws(TemplateError) -> [Statement] {
    let around = loops
    loops = 0
    defer { loops = around }
    let statements = try body(until: [end])
    take()
    return statements
  }

  private mutating func statement() throws(TemplateError) -> Statement {
    let line = current.line
    restartLinks()
    let keyword = try expectName()
    let kind: Statement.Kind
    switch keyword {
    case "if": kind = try conditional()
    case "for": kind = try loop()
    case "set": kind = try assignment(line)
    case "macro":
      let name = try expectName()
      kind = .macro(try macro(name, until: "endmacro", line: line))
    case "call": kind = try callBlock(line)
    case "filter":
      let name = try expectName()
      let filters = try filterChain(try filter(name, on: Expression(.blockText, line: line), line: line))
      let around = loops
      kind = .filterBlock(filters, try body(until: ["endfilter"]))
      loops = around
      take()
    case "with": kind = try with()
    case "generation": kind = .generation(try closedBody(until: "endgeneration"))
    case "break", "continue":
      guard loops > 0 else { throw TemplateError(.syntax, "'\(keyword)' outside a loop", line: line) }
      kind = keyword == "break" ? .breakLoop : .continueLoop
    case "include", "import", "from", "extends", "block", "autoescape", "print", "trans", "do", "debug":
      throw unsupported("the block '\(keyword)'", line: line)
    default: throw TemplateError(.syntax, "the unknown block '\(VisibleName(keyword))'", line: line)
    }
    return Statement(kind, line: line)
  }

  private mutating func conditional() throws(TemplateError) -> Statement.Kind {
    var branches: [(test: Expression, body: [Statement])] = []
    while true {
      let test = try tuple(allowsConditional: false)
      branches.append((test, try body(until: ["elif", "else", "endif"])))
      if takes(name: "elif") { continue }
      var otherwise: [Statement] = []
      if takes(name: "else") { otherwise = try body(until: ["endif"]) }
      take()
      return .conditional(branches, otherwise: otherwise)
    }
  }

  private mutating func loop() throws(TemplateError) -> Statement.Kind {
    let target = try assignmentTarget(endsAtIn: true)
    guard takes(name: "in") else { throw unexpected("'in'") }
    let sequence = try tuple(allowsConditional: false, endsAt: "recursive")
    let condition = takes(name: "if") ? try expression() : nil
    if current.isName("recursive") { throw unsupported("a recursive loop") }
    loops += 1
    let body = try body(until: ["endfor", "else"])
    loops -= 1
    var otherwise: [Statement] = []
    if takes(name: "else") { otherwise = try self.body(until: ["endfor"]) }
    take()
    return .loop(ForLoop(target: target, sequence: sequence, condition: condition, body: body, otherwise: otherwise))
  }

  private mutating func assignment(_ line: Int) throws(TemplateError) -> Statement.Kind {
    let target = try assignmentTarget(endsAtIn: false)
    if takes(symbol: "=") { return .set(target, try tuple()) }
    let filters = try filterChain(Expression(.blockText, line: line))
    return .setBlock(target, filters: filters, body: try closedBody(until: "endset"))
  }

  private mutating func callBlock(_ line: Int) throws(TemplateError) -> Statement.Kind {
    let signature = current.isSymbol("(") ? try parameters() : ([], [])
    let call = try expression()
    guard case .call = call.kind else { throw TemplateError(.syntax, "expected a call", line: line) }
    let body = try closedBody(until: "endcall")
    return .callBlock(
      call,
      caller: MacroDefinition(
        name: "caller", parameters: signature.0, defaults: signature.1, body: body, line: line))
  }

  private mutating func with() throws(TemplateError) -> Statement.Kind {
    var values: [(target: AssignmentTarget, value: Expression)] = []
    while current.kind != .blockEnd, !current.isSymbol(":") {
      if !values.isEmpty { try expect(symbol: ",") }
      let target = try assignmentTarget(endsAtIn: false)
      try expect(symbol: "=")
      values.append((target, try expression()))
    }
    let body = try body(until: ["endwith"])
    take()
    return .with(values, body)
  }

  private mutating func macro(_ name: String, until end: String, line: Int) throws(TemplateError) -> MacroDefinition {
    let (names, defaults) = try parameters()
    return MacroDefinition(
      name: name, parameters: names, defaults: defaults, body: try closedBody(until: end), line: line)
  }

  private mutating func parameters() throws(TemplateError) -> ([String], [Expression]) {
    var names: [String] = []
    var defaults: [Expression] = []
    try expect(symbol: "(")
    while !current.isSymbol(")") {
      if !names.isEmpty { try expect(symbol: ",") }
      names.append(try expectName())
      if takes(symbol: "=") {
        defaults.append(try expression())
      } else if !defaults.isEmpty {
        throw error("a parameter without a default after one with a default")
      }
    }
    try expect(symbol: ")")
    return (names, defaults)
  }

  private mutating func assignmentTarget(endsAtIn: Bool) throws(TemplateError) -> AssignmentTarget {
    var targets: [AssignmentTarget] = []
    var isTuple = false
    while true {
      if !targets.isEmpty, current.kind == .blockEnd || current.isSymbol(")") || endsAtIn && current.isName("in") {
        break
      }
      if takes(symbol: "(") {
        targets.append(try nested { parser throws(TemplateError) in try parser.assignmentTarget(endsAtIn: false) })
        try expect(symbol: ")")
      } else {
        let line = current.line
        let name = try expectName()
        if ["true", "false", "none", "True", "False", "None"].contains(name) {
          throw TemplateError(.syntax, "'\(name)' can't be assigned to", line: line)
        }
        if !endsAtIn, takes(symbol: ".") {
          targets.append(.attribute(of: name, try expectName()))
        } else {
          targets.append(.name(name))
        }
      }
      guard takes(symbol: ",") else { break }
      isTuple = true
    }
    return targets.count == 1 && !isTuple ? targets[0] : .tuple(targets)
  }
}
