import Foundation

/// Python's operators.
extension Renderer {
  func signed(_ value: Value, isNegative: Bool) throws -> Value {
    if case .undefined(let message) = value { throw Fault(message) }
    if let integer = value.integer {
      guard isNegative else { return .integer(integer) }
      return .integer(try checked(0.subtractingReportingOverflow(integer)))
    }
    guard let number = value.number else { throw Fault("a \(value.kind) has no sign") }
    return .float(isNegative ? -number : number)
  }

  private func checked(_ result: (partialValue: Int, overflow: Bool)) throws -> Int {
    guard !result.overflow else { throw Fault.unsupported("a number of more than 64 bits") }
    return result.partialValue
  }

  func compute(_ left: Value, _ operation: Arithmetic, _ right: Value) throws -> Value {
    if operation == .remainder, let format = left.text { return .string(try formatted(format, right)) }
    if case .undefined(let message) = left { throw Fault(message) }
    if case .undefined(let message) = right { throw Fault(message) }
    if let a = left.integer, let b = right.integer { return try compute(a, operation, b) }
    if let a = left.number, let b = right.number { return .float(try compute(a, operation, b)) }
    switch (operation, left, right) {
    case (.add, .list(let a), .list(let b)):
      try work.spend(elements: a.count + b.count)
      return .list(a + b)
    case (.add, .tuple(let a), .tuple(let b)):
      try work.spend(elements: a.count + b.count)
      return .tuple(a + b)
    case (.add, .markup(let a), .string(let b)): return .markup(try joined(a, escaped(b)))
    case (.add, .string(let a), .markup(let b)): return .markup(try joined(escaped(a), b))
    case (.add, .markup(let a), .markup(let b)): return .markup(try joined(a, b))
    case (.add, .string(let a), .string(let b)): return .string(try joined(a, b))
    case (.multiply, _, _):
      if let count = right.integer { return try repeated(left, count) }
      if let count = left.integer { return try repeated(right, count) }
    default: break
    }
    throw Fault("'\(operation.rawValue)' between a \(left.kind) and a \(right.kind)")
  }

  private func joined(_ a: String, _ b: String) throws -> String {
    try work.spend(bytes: a.utf8.count + b.utf8.count)
    return a + b
  }

  private func repeated(_ value: Value, _ count: Int) throws -> Value {
    let count = max(0, count)
    func total(_ size: Int) -> Int { size.multipliedReportingOverflow(by: count).overflow ? .max : size * count }
    switch value {
    case .string(let text):
      try work.spend(bytes: total(text.utf8.count))
      return .string(String(repeating: text, count: text.isEmpty ? 0 : count))
    case .list(let values), .tuple(let values):
      try work.spend(elements: total(values.count))
      let all = values.isEmpty ? [] : [[Value]](repeating: values, count: count).flatMap(\.self)
      if case .tuple = value { return .tuple(all) }
      return .list(all)
    default: throw Fault("a \(value.kind) can't be repeated")
    }
  }

  private func compute(_ a: Int, _ operation: Arithmetic, _ b: Int) throws -> Value {
    switch operation {
    case .add: return .integer(try checked(a.addingReportingOverflow(b)))
    case .subtract: return .integer(try checked(a.subtractingReportingOverflow(b)))
    case .multiply: return .integer(try checked(a.multipliedReportingOverflow(by: b)))
    case .divide:
      guard b != 0 else { throw Fault("a division by zero") }
      return .float(Double(a) / Double(b))
    case .floorDivide, .remainder:
      guard b != 0 else { throw Fault("a division by zero") }
      let quotient = try checked(a.dividedReportingOverflow(by: b))
      let rest = a.remainderReportingOverflow(dividingBy: b).partialValue
      // Python rounds towards minus infinity.
      let isOff = rest != 0 && (rest < 0) != (b < 0)
      return .integer(operation == .floorDivide ? quotient - (isOff ? 1 : 0) : rest + (isOff ? b : 0))
    case .power:
      guard b >= 0 else { return .float(try compute(Double(a), .power, Double(b))) }
      var (result, base, exponent) = (1, a, b)
      while exponent > 0 {
        if exponent & 1 == 1 { result = try checked(result.multipliedReportingOverflow(by: base)) }
        exponent >>= 1
        if exponent > 0 { base = try checked(base.multipliedReportingOverflow(by: base)) }
      }
      return .integer(result)
    }
  }

  private func compute(_ a: Double, _ operation: Arithmetic, _ b: Double) throws -> Double {
    switch operation {
    case .add: return a + b
    case .subtract: return a - b
    case .multiply: return a * b
    case .divide, .floorDivide, .remainder:
      guard b != 0 else { throw Fault("a division by zero") }
      if operation == .divide { return a / b }
      var rest = fmod(a, b)
      var quotient = (a - rest) / b
      if rest != 0, (rest < 0) != (b < 0) {
        rest += b
        quotient -= 1
      }
      if operation == .remainder { return rest == 0 ? Double(signOf: b, magnitudeOf: 0) : rest }
      let floored = quotient.rounded(.down)
      return quotient == 0 ? Double(signOf: a / b, magnitudeOf: 0) : quotient - floored > 0.5 ? floored + 1 : floored
    case .power:
      guard !(a < 0 && b != b.rounded()), !(a == 0 && b < 0) else { throw Fault.unsupported("such a power") }
      return pow(a, b)
    }
  }

  func compare(_ left: Value, _ operation: Comparison, _ right: Value) throws -> Bool {
    switch operation {
    case .equal: return try left.equals(right, work)
    case .notEqual: return try !left.equals(right, work)
    case .isIn: return try contains(right, left)
    case .isNotIn: return !(try contains(right, left))
    case .less: return try isOrdered(left, right) && left.isLess(than: right, work)
    case .greater: return try isOrdered(left, right) && right.isLess(than: left, work)
    case .lessOrEqual: return try isOrdered(left, right) && !right.isLess(than: left, work)
    case .greaterOrEqual: return try isOrdered(left, right) && !left.isLess(than: right, work)
    }
  }

  /// Whether neither is NaN, which no order holds for.
  private func isOrdered(_ left: Value, _ right: Value) throws -> Bool {
    _ = try left.isLess(than: right, work)
    return !(left.number?.isNaN ?? false) && !(right.number?.isNaN ?? false)
  }

  /// `value in container`
  private func contains(_ container: Value, _ value: Value) throws -> Bool {
    switch container {
    case .string(let text), .markup(let text):
      guard let part = value.text else { throw Fault("a \(value.kind) can't be in a string") }
      return try PythonText.contains(text, part, work)
    case .dictionary(let dictionary):
      try value.requireHashable(work)
      return try dictionary.value(of: value, work) != nil
    case .namespace, .loop, .callable, .none, .bool, .integer, .float:
      throw Fault("nothing can be in a \(container.kind)")
    default:
      return try container.elements(work).contains { try $0.equals(value, work) }
    }
  }

  /// `format % values`, with the conversions that texts and numbers have.
  func formatted(_ format: String, _ values: Value) throws -> String {
    var given: ArraySlice<Value>
    if case .tuple(let values) = values { given = values[...] } else { given = [values] }
    var result = GrowingText(work)
    var rest = format.unicodeScalars[...]
    while let percent = rest.firstIndex(of: "%") {
      try result.append(String(rest[..<percent]))
      rest = rest[rest.index(after: percent)...]
      guard let letter = rest.popFirst(), "%srdi".unicodeScalars.contains(letter) else {
        throw Fault.unsupported("a '%' format with more than a letter")
      }
      if letter == "%" {
        try result.append("%")
        continue
      }
      guard let value = given.popFirst() else { throw Fault("too few values for a '%' format") }
      switch letter {
      case "s": try result.append(value.printed(work))
      case "r": try result.append(value.represented(work))
      default:
        guard let number = value.number else { throw Fault("a \(value.kind) for '%d'") }
        guard let integer = value.integer ?? Int(exactly: number.rounded(.towardZero)) else {
          throw Fault.unsupported("'%d' of a number beyond 64 bits")
        }
        try result.append(String(integer))
      }
    }
    try result.append(String(rest))
    guard given.isEmpty else { throw Fault("too many values for a '%' format") }
    return result.text
  }

  /// The text as HTML.
  func escaped(_ text: String) throws -> String {
    try work.spend(readingEach: text)
    return try work.made(Escaping.html(text))
  }
}

/// What `safe` keeps from being escaped.
enum Escaping {
  static func html(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result.append("&amp;" as String)
      case "<": result.append("&lt;" as String)
      case ">": result.append("&gt;" as String)
      case "'": result.append("&#39;" as String)
      case "\"": result.append("&#34;" as String)
      default: result.append(scalar)
      }
    }
    return String(result)
  }
}
