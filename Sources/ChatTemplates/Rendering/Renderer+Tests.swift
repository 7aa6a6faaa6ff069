extension Renderer {
  func apply(_ test: Test, to value: Value, _ arguments: Arguments) throws -> Bool {
    func one() throws -> Value { try arguments.plain(1, 1, of: "the test '\(test.rawValue)'")[0] }
    func number() throws -> Int {
      guard let integer = value.integer else { throw Fault("a \(value.kind) is neither odd nor even") }
      return integer
    }
    switch test {
    case .equal: return try compare(value, .equal, one())
    case .notEqual: return try compare(value, .notEqual, one())
    case .greater: return try compare(value, .greater, one())
    case .greaterOrEqual: return try compare(value, .greaterOrEqual, one())
    case .less: return try compare(value, .less, one())
    case .lessOrEqual: return try compare(value, .lessOrEqual, one())
    case .in: return try compare(value, .isIn, one())
    case .divisibleby:
      let divisor = try one().requiredInteger("a divisor")
      guard divisor != 0 else { throw Fault("a division by zero") }
      return try divisor == -1 || number() % divisor == 0
    case .sameas: return try isSame(value, one())
    default: _ = try arguments.plain(0, 0, of: "the test '\(test.rawValue)'")
    }
    switch test {
    case .defined: return !value.isUndefined
    case .undefined: return value.isUndefined
    case .none: return value.isNone
    case .boolean: if case .bool = value { return true }
    case .true: if case .bool(true) = value { return true }
    case .false: if case .bool(false) = value { return true }
    case .integer: if case .integer = value { return true }
    case .float: if case .float = value { return true }
    case .number: return value.number != nil
    case .string: return value.text != nil
    case .mapping: if case .dictionary = value { return true }
    case .iterable:
      switch value {
      case .none, .bool, .integer, .float, .namespace, .callable: return false
      default: return true
      }
    case .sequence:
      switch value {
      case .undefined, .string, .markup, .list, .tuple, .dictionary, .range: return true
      default: return false
      }
    // Jinja's undefined value has the method, which fails.
    case .callable:
      switch value {
      case .callable, .undefined, .loop: return true
      default: return false
      }
    case .escaped: if case .markup = value { return true }
    case .even: return try number() % 2 == 0
    case .odd: return try number() % 2 != 0
    case .lower, .upper:
      let text = try value.printed(work)
      try work.spend(readingEach: text)
      return Methods.isCased(text, isUpper: test == .upper)
    case .filter: return Filter(try value.requiredText("a filter's name")) != nil
    case .test: return Test(try value.requiredText("a test's name")) != nil
    default: break
    }
    return false
  }

  /// Python's `is`, where that can be told: constants and the values that have an identity.
  private func isSame(_ a: Value, _ b: Value) throws -> Bool {
    switch (a, b) {
    case (.none, .none): return true
    case (.bool(let a), .bool(let b)): return a == b
    case (.namespace(let a), .namespace(let b)): return a === b
    case (.bool, _), (_, .bool), (.none, _), (_, .none): return false
    default: throw Fault.unsupported("'sameas' of a \(a.kind) and a \(b.kind)")
    }
  }
}
