extension Renderer {
  func evaluate(_ expression: Expression, _ scope: Scope) throws -> Value {
    try deeper(expression.line) { try value(of: expression, scope) }
  }

  private func value(of expression: Expression, _ scope: Scope) throws -> Value {
    switch expression.kind {
    case .none: return .none
    case .bool(let value): return .bool(value)
    case .integer(let value): return .integer(value)
    case .float(let value): return .float(value)
    case .string(let text): return .string(text)
    case .name(let name): return try value(named: name, scope)
    case .blockText: return try value(named: Self.blockText, scope)
    case .list(let elements): return .list(try elements.map { try evaluate($0, scope) })
    case .tuple(let elements): return .tuple(try elements.map { try evaluate($0, scope) })
    case .dictionary(let members):
      var dictionary = Members()
      for member in members {
        let key = try evaluate(member.key, scope)
        try key.requireHashable(work)
        try dictionary.set(key, try evaluate(member.value, scope), work)
      }
      return .dictionary(dictionary)
    case .attribute(let owner, let name): return try attribute(name, of: try evaluate(owner, scope))
    case .item(let owner, let index): return try item(try evaluate(index, scope), of: try evaluate(owner, scope))
    case .slice(let owner, let from, let to, let step):
      return try slice(
        try evaluate(owner, scope), try bound(from, scope), try bound(to, scope), try bound(step, scope))
    case .call(let callee, let arguments):
      let function = try evaluate(callee, scope)
      return try call(function, try evaluated(arguments, scope))
    case .filter(let operand, let filter, let arguments):
      let value = try evaluate(operand, scope)
      return try apply(filter, to: value, try evaluated(arguments, scope))
    case .test(let operand, let test, let arguments):
      let value = try evaluate(operand, scope)
      return .bool(try apply(test, to: value, try evaluated(arguments, scope)))
    case .not(let operand): return .bool(!(try evaluate(operand, scope).isTrue))
    case .and(let left, let right):
      let value = try evaluate(left, scope)
      return value.isTrue ? try evaluate(right, scope) : value
    case .or(let left, let right):
      let value = try evaluate(left, scope)
      return value.isTrue ? value : try evaluate(right, scope)
    case .negative(let operand): return try signed(try evaluate(operand, scope), isNegative: true)
    case .positive(let operand): return try signed(try evaluate(operand, scope), isNegative: false)
    case .arithmetic(let left, let operation, let right):
      return try compute(try evaluate(left, scope), operation, try evaluate(right, scope))
    case .comparison(let first, let rest):
      var left = try evaluate(first, scope)
      for (operation, operand) in rest {
        let right = try evaluate(operand, scope)
        guard try compare(left, operation, right) else { return .bool(false) }
        left = right
      }
      return .bool(true)
    case .concatenation(let parts):
      var text = GrowingText(work)
      for part in parts { try text.append(evaluate(part, scope).printed(work)) }
      return .string(text.text)
    case .conditional(let test, let then, let otherwise):
      if try evaluate(test, scope).isTrue { return try evaluate(then, scope) }
      guard let otherwise else { return .undefined("an 'if' without 'else' whose condition is false") }
      return try evaluate(otherwise, scope)
    }
  }

  private func value(named name: String, _ scope: Scope) throws -> Value {
    if let value = scope.value(of: name) { return value }
    if let function = Function(rawValue: name) { return .callable(.function(function)) }
    switch name {
    case "varargs", "kwargs", "lipsum", "cycler", "joiner", "self": throw Fault.unsupported("'\(name)'")
    default: return .undefined("'\(VisibleName(name))' is undefined")
    }
  }

  func evaluated(_ arguments: CallArguments, _ scope: Scope) throws -> Arguments {
    Arguments(
      positional: try arguments.positional.map { try evaluate($0, scope) },
      named: try arguments.named.map { ($0.name, try evaluate($0.value, scope)) })
  }

  // MARK: - Members

  /// `value.name`: Python's attribute, else the member.
  func attribute(_ name: String, of value: Value) throws -> Value {
    if case .undefined(let message) = value { throw Fault(message) }
    return try known(name, of: value) ?? member(name, of: value)
      ?? .undefined("a \(value.kind) has no attribute '\(VisibleName(name))'")
  }

  /// An attribute in Python's sense: a method, or a member of a namespace or loop.
  private func known(_ name: String, of value: Value) -> Value? {
    switch value {
    case .namespace(let namespace): namespace.members[name]
    case .loop(let loop): loop.attribute(name)
    default: Methods.has(name, value) ? .callable(.method(of: value, name)) : nil
    }
  }

  private func member(_ name: String, of value: Value) throws -> Value? {
    guard case .dictionary(let dictionary) = value else { return nil }
    return try dictionary.value(of: .string(name), work)
  }

  /// `value[index]`: the member, else Python's attribute.
  func item(_ index: Value, of value: Value) throws -> Value {
    let missing = Value.undefined("a \(value.kind) has no such element")
    switch value {
    case .undefined(let message): throw Fault(message)
    case .dictionary(let dictionary):
      if let member = try dictionary.value(of: index, work) { return member }
    case .list(let values), .tuple(let values):
      guard let place = index.integer else { break }
      return element(place, count: values.count).map { values[$0] } ?? missing
    case .range(let range):
      guard let place = index.integer else { break }
      return element(place, count: range.count).map { .integer(range[$0]) } ?? missing
    case .string(let text), .markup(let text):
      guard let place = index.integer else { break }
      try work.spend(bytes: text.utf8.count)
      let scalars = text.unicodeScalars
      return element(place, count: scalars.count).map {
        .string(String(scalars[scalars.index(scalars.startIndex, offsetBy: $0)]))
      } ?? missing
    default: break
    }
    guard let name = index.text else { return missing }
    return known(name, of: value) ?? .undefined("a \(value.kind) has no member '\(VisibleName(name))'")
  }

  private func element(_ index: Int, count: Int) -> Int? {
    let place = index < 0 ? index + count : index
    return (0..<count).contains(place) ? place : nil
  }

  private func bound(_ expression: Expression?, _ scope: Scope) throws -> Int? {
    guard let expression else { return nil }
    let value = try evaluate(expression, scope)
    if value.isNone { return nil }
    guard let bound = value.integer else { throw Fault("a slice from or to a \(value.kind)") }
    return bound
  }

  /// `value[from:to:step]`
  private func slice(_ value: Value, _ from: Int?, _ to: Int?, _ step: Int?) throws -> Value {
    guard step != 0 else { throw Fault("a slice with a step of 0") }
    switch value {
    case .undefined(let message): throw Fault(message)
    case .list(let values), .tuple(let values):
      let places = Array(Self.places(values.count, from, to, step ?? 1))
      try work.spend(elements: places.count)
      let chosen = places.map { values[$0] }
      if case .tuple = value { return .tuple(chosen) }
      return .list(chosen)
    case .range: throw Fault.unsupported("a slice of a range")
    case .string(let text), .markup(let text):
      try work.spend(readingEach: text)
      let scalars = Array(text.unicodeScalars)
      var result = String.UnicodeScalarView()
      for place in Self.places(scalars.count, from, to, step ?? 1) { result.append(scalars[place]) }
      return .string(String(result))
    default: throw Fault("a \(value.kind) can't be sliced")
    }
  }

  /// The places that a slice takes of `count`, as `slice.indices` of Python gives them.
  private static func places(_ count: Int, _ from: Int?, _ to: Int?, _ step: Int) -> StrideTo<Int> {
    let (first, last) = step > 0 ? (0, count) : (-1, count - 1)
    func clamped(_ bound: Int) -> Int {
      min(max(bound < 0 ? bound.addingReportingOverflow(count).partialValue : bound, first), last)
    }
    // Beyond the count one step is as good as another.
    return stride(
      from: from.map(clamped) ?? (step > 0 ? first : last), to: to.map(clamped) ?? (step > 0 ? last : first),
      by: min(max(step, -count - 1), count + 1))
  }
}
