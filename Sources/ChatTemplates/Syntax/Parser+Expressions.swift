extension Parser {
  /// One expression, or several with commas between them, which make a tuple.
  /// - Parameter end: a name that ends it.
  mutating func tuple(
    allowsConditional: Bool = true, endsAt end: String? = nil, isParenthesised: Bool = false
  ) throws(TemplateError) -> Expression {
    let line = current.line
    var elements: [Expression] = []
    var isTuple = false
    while true {
      if current.kind == .variableEnd || current.kind == .blockEnd || current.isSymbol(")") { break }
      if let end, current.isName(end) { break }
      elements.append(allowsConditional ? try expression() : try alternatives())
      guard takes(symbol: ",") else { break }
      isTuple = true
    }
    if !isTuple {
      if let only = elements.first { return only }
      guard isParenthesised else { throw unexpected("an expression") }
    }
    return Expression(.tuple(elements), line: line)
  }

  mutating func expression() throws(TemplateError) -> Expression {
    try nested { parser throws(TemplateError) in
      let line = parser.current.line
      var value = try parser.alternatives()
      while parser.takes(name: "if") {
        try parser.link()
        let test = try parser.alternatives()
        let otherwise = parser.takes(name: "else") ? try parser.expression() : nil
        value = Expression(.conditional(test: test, then: value, otherwise: otherwise), line: line)
      }
      return value
    }
  }

  /// `a or b`
  mutating func alternatives() throws(TemplateError) -> Expression {
    let line = current.line
    var left = try conjunction()
    while takes(name: "or") {
      try link()
      left = Expression(.or(left, try conjunction()), line: line)
    }
    return left
  }

  private mutating func conjunction() throws(TemplateError) -> Expression {
    let line = current.line
    var left = try negation()
    while takes(name: "and") {
      try link()
      left = Expression(.and(left, try negation()), line: line)
    }
    return left
  }

  private mutating func negation() throws(TemplateError) -> Expression {
    let line = current.line
    if takes(name: "not") {
      return Expression(
        .not(try nested { parser throws(TemplateError) in try parser.negation() }), line: line)
    }
    return try comparison()
  }

  private mutating func comparison() throws(TemplateError) -> Expression {
    let line = current.line
    let first = try sum()
    var rest: [(operation: Comparison, right: Expression)] = []
    while true {
      if case .symbol(let symbol) = current.kind, let operation = Comparison(rawValue: symbol) {
        take()
        rest.append((operation, try sum()))
      } else if takes(name: "in") {
        rest.append((.isIn, try sum()))
      } else if current.isName("not"), next.isName("in") {
        take()
        take()
        rest.append((.isNotIn, try sum()))
      } else {
        return rest.isEmpty ? first : Expression(.comparison(first, rest), line: line)
      }
    }
  }

  private mutating func sum() throws(TemplateError) -> Expression {
    let line = current.line
    var left = try concatenation()
    while let operation = arithmetic(["+", "-"]) {
      try link()
      left = Expression(.arithmetic(left, operation, try concatenation()), line: line)
    }
    return left
  }

  private mutating func concatenation() throws(TemplateError) -> Expression {
    let line = current.line
    var parts = [try product()]
    while takes(symbol: "~") { parts.append(try product()) }
    return parts.count == 1 ? parts[0] : Expression(.concatenation(parts), line: line)
  }

  private mutating func product() throws(TemplateError) -> Expression {
    let line = current.line
    var left = try power()
    while let operation = arithmetic(["*", "/", "//", "%"]) {
      try link()
      left = Expression(.arithmetic(left, operation, try power()), line: line)
    }
    return left
  }

  private mutating func power() throws(TemplateError) -> Expression {
    let line = current.line
    var left = try unary(withFilters: true)
    while takes(symbol: "**") {
      try link()
      left = Expression(.arithmetic(left, .power, try unary(withFilters: true)), line: line)
    }
    return left
  }

  private mutating func arithmetic(_ symbols: Set<String>) -> Arithmetic? {
    guard case .symbol(let symbol) = current.kind, symbols.contains(symbol) else { return nil }
    take()
    return Arithmetic(rawValue: symbol)
  }

  private mutating func unary(withFilters: Bool) throws(TemplateError) -> Expression {
    let line = current.line
    var value: Expression
    if takes(symbol: "-") {
      value = Expression(
        .negative(try nested { parser throws(TemplateError) in try parser.unary(withFilters: false) }), line: line)
    } else if takes(symbol: "+") {
      value = Expression(
        .positive(try nested { parser throws(TemplateError) in try parser.unary(withFilters: false) }), line: line)
    } else {
      value = try primary()
    }
    value = try subscripts(value)
    return withFilters ? try filterChain(value, allowsTests: true) : value
  }

  private mutating func primary() throws(TemplateError) -> Expression {
    let token = current
    switch token.kind {
    case .name(let name):
      take()
      switch name {
      case "true", "True": return Expression(.bool(true), line: token.line)
      case "false", "False": return Expression(.bool(false), line: token.line)
      case "none", "None": return Expression(.none, line: token.line)
      default: return Expression(.name(name), line: token.line)
      }
    case .string(var text):
      take()
      while case .string(let more) = current.kind {
        text += more
        take()
      }
      return Expression(.string(text), line: token.line)
    case .integer(let value):
      take()
      return Expression(.integer(value), line: token.line)
    case .float(let value):
      take()
      return Expression(.float(value), line: token.line)
    case .symbol("("):
      take()
      let value = try nested { parser throws(TemplateError) in try parser.tuple(isParenthesised: true) }
      try expect(symbol: ")")
      return value
    case .symbol("["):
      take()
      var elements: [Expression] = []
      while !takes(symbol: "]") {
        if !elements.isEmpty {
          try expect(symbol: ",")
          if takes(symbol: "]") { break }
        }
        elements.append(try expression())
      }
      return Expression(.list(elements), line: token.line)
    case .symbol("{"):
      take()
      var members: [(key: Expression, value: Expression)] = []
      while !takes(symbol: "}") {
        if !members.isEmpty {
          try expect(symbol: ",")
          if takes(symbol: "}") { break }
        }
        let key = try expression()
        try expect(symbol: ":")
        members.append((key, try expression()))
      }
      return Expression(.dictionary(members), line: token.line)
    default: throw unexpected("an expression")
    }
  }

  private mutating func subscripts(_ value: Expression) throws(TemplateError) -> Expression {
    var value = value
    var count = 0
    while true {
      let line = current.line
      // A few are usual, and there is no end of expressions that have them.
      count += 1
      if count > 8 { try link() }
      if takes(symbol: ".") {
        switch take().kind {
        case .name(let name): value = Expression(.attribute(value, name), line: line)
        case .integer(let index):
          value = Expression(.item(value, Expression(.integer(index), line: line)), line: line)
        default: throw TemplateError(.syntax, "expected a name or a number after '.'", line: line)
        }
      } else if takes(symbol: "[") {
        value = try subscripted(value, line)
        if current.isSymbol(",") { throw unsupported("a subscript of several values") }
        try expect(symbol: "]")
      } else if current.isSymbol("(") {
        value = Expression(.call(value, try arguments()), line: line)
      } else {
        return value
      }
    }
  }

  private mutating func subscripted(_ value: Expression, _ line: Int) throws(TemplateError) -> Expression {
    func ends(_ token: Token) -> Bool { token.isSymbol(":") || token.isSymbol("]") || token.isSymbol(",") }
    var start: Expression?
    if !current.isSymbol(":") {
      let index = try expression()
      guard current.isSymbol(":") else { return Expression(.item(value, index), line: line) }
      start = index
    }
    try expect(symbol: ":")
    let end = ends(current) ? nil : try expression()
    var step: Expression?
    if takes(symbol: ":"), !ends(current) { step = try expression() }
    return Expression(.slice(value, from: start, to: end, step: step), line: line)
  }

  /// Filters after a value, and tests and calls among them.
  mutating func filterChain(_ value: Expression, allowsTests: Bool = false) throws(TemplateError) -> Expression {
    var value = value
    var count = 0
    while true {
      let line = current.line
      count += 1
      if count > 8 { try link() }
      if takes(symbol: "|") {
        value = try filter(try expectName(), on: value, line: line)
      } else if allowsTests, takes(name: "is") {
        value = try test(value, line)
      } else if allowsTests, current.isSymbol("(") {
        value = Expression(.call(value, try arguments()), line: line)
      } else {
        return value
      }
    }
  }

  mutating func filter(_ name: String, on value: Expression, line: Int) throws(TemplateError) -> Expression {
    guard let filter = Filter(name) else { throw unsupported("the filter '\(VisibleName(name))'", line: line) }
    return Expression(
      .filter(value, filter, current.isSymbol("(") ? try arguments() : CallArguments()), line: line)
  }

  private mutating func test(_ value: Expression, _ line: Int) throws(TemplateError) -> Expression {
    let isNegated = takes(name: "not")
    let name: String
    if current.isSymbol("=") { throw unexpected("a test") } else { name = try expectName() }
    guard let test = Test(name) else { throw unsupported("the test '\(VisibleName(name))'", line: line) }
    var given = CallArguments()
    if current.isSymbol("(") {
      given = try arguments()
    } else if isTestArgument(current) {
      if current.isName("is") { throw error("tests can't be chained with 'is'") }
      given.positional = [try subscripts(try nested { parser throws(TemplateError) in try parser.primary() })]
    }
    let result = Expression(.test(value, test, given), line: line)
    return isNegated ? Expression(.not(result), line: line) : result
  }

  private func isTestArgument(_ token: Token) -> Bool {
    switch token.kind {
    case .name(let name): !["else", "or", "and"].contains(name)
    case .string, .integer, .float: true
    case .symbol(let symbol): symbol == "[" || symbol == "{"
    default: false
    }
  }

  private mutating func arguments() throws(TemplateError) -> CallArguments {
    try nested { parser throws(TemplateError) in
      var result = CallArguments()
      try parser.expect(symbol: "(")
      var isFirst = true
      while !parser.current.isSymbol(")") {
        if !isFirst {
          try parser.expect(symbol: ",")
          if parser.current.isSymbol(")") { break }
        }
        isFirst = false
        if parser.current.isSymbol("*") || parser.current.isSymbol("**") {
          throw parser.unsupported("'\(parser.current.isSymbol("*") ? "*" : "**")' in a call")
        }
        if case .name(let name) = parser.current.kind, parser.next.isSymbol("=") {
          parser.take()
          parser.take()
          result.named.append((name, try parser.expression()))
        } else {
          guard result.named.isEmpty else { throw parser.error("a positional argument after a named one") }
          result.positional.append(try parser.expression())
        }
      }
      try parser.expect(symbol: ")")
      return result
    }
  }
}
