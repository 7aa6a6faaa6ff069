extension Renderer {
  func apply(_ filter: Filter, to value: Value, _ arguments: Arguments) throws -> Value {
    func bound(_ names: String...) throws -> [Value?] {
      try arguments.bound(to: names, of: "the filter '\(filter.rawValue)'")
    }
    switch filter {
    case .map, .select, .reject, .selectattr, .rejectattr, .batch, .slice, .groupby, .list, .items, .reverse, .sort,
      .unique, .dictsort, .first, .last, .min, .max, .sum, .join:
      return try applySequence(filter, to: value, arguments)
    case .default:
      let given = try bound("default_value", "boolean")
      let isReplaced = value.isUndefined || (given[1]?.isTrue ?? false) && !value.isTrue
      return isReplaced ? given[0] ?? .string("") : value
    case .attr:
      guard let name = try bound("name")[0] else { throw Fault("the filter 'attr' needs a name") }
      guard case .undefined(let message) = value else {
        // Members of a dictionary aren't attributes.
        if case .dictionary = value { throw Fault.unsupported("the filter 'attr' on a dictionary") }
        return try attribute(name.requiredText("a name"), of: value)
      }
      throw Fault(message)
    case .length:
      _ = try bound()
      return .integer(try value.length(work))
    case .string:
      _ = try bound()
      if case .markup = value { return value }
      return .string(try value.printed(work))
    case .safe:
      _ = try bound()
      return .markup(try value.printed(work))
    case .escape, .forceescape:
      _ = try bound()
      if case .markup = value, filter == .escape { return value }
      return .markup(try escaped(value.printed(work)))
    case .tojson: return .string(try json(value, try bound("ensure_ascii", "indent", "separators", "sort_keys")))
    case .abs, .int, .float, .round: return try applyNumber(filter, to: value, arguments)
    default: return try applyText(filter, to: value, arguments)
    }
  }

  private func json(_ value: Value, _ given: [Value?]) throws -> String {
    var style = Value.JSONStyle()
    style.isASCII = given[0]?.isTrue ?? false
    if let indent = given[1], !indent.isNone {
      if let text = indent.text {
        style.indent = text
      } else {
        let width = try indent.requiredInteger("the indent")
        guard width <= 1000 else { throw Fault("an indent of \(width)", .limit) }
        style.indent = String(repeating: " ", count: max(0, width))
      }
      style.separators.item = ","
    }
    if let separators = given[2], !separators.isNone {
      let pair = try separators.elements(work)
      guard pair.count == 2 else { throw Fault("'separators' must be two strings") }
      style.separators = (try pair[0].requiredText("a separator"), try pair[1].requiredText("a separator"))
    }
    style.sortsKeys = given[3]?.isTrue ?? false
    return try value.json(style, work)
  }

  private func applyNumber(_ filter: Filter, to value: Value, _ arguments: Arguments) throws -> Value {
    func bound(_ names: String...) throws -> [Value?] {
      try arguments.bound(to: names, of: "the filter '\(filter.rawValue)'")
    }
    if let text = value.text { try work.spend(readingEach: text) }
    switch filter {
    case .abs:
      _ = try bound()
      if let integer = value.integer {
        guard integer != .min else { throw Fault.unsupported("a number of more than 64 bits") }
        return .integer(integer.magnitude == 0 ? 0 : Int(integer.magnitude))
      }
      guard let number = value.number else { throw Fault("a \(value.kind) has no absolute value") }
      return .float(number.magnitude)
    case .int:
      let given = try bound("default", "base")
      let base = try given[1]?.requiredInteger("the base") ?? 10
      let fallback = given[0] ?? .integer(0)
      if case .undefined(let message) = value { throw Fault(message) }
      if let text = value.text, let integer = PythonText.integer(text, base: base) { return .integer(integer) }
      if let integer = value.integer { return .integer(integer) }
      guard let number = value.number ?? value.text.flatMap(PythonText.double), number.isFinite else { return fallback }
      guard let integer = Int(exactly: number.rounded(.towardZero)) else {
        throw Fault.unsupported("a number of more than 64 bits")
      }
      return .integer(integer)
    case .float:
      let fallback = try bound("default")[0] ?? .float(0)
      if case .undefined(let message) = value { throw Fault(message) }
      return (value.number ?? value.text.flatMap(PythonText.double)).map { .float($0) } ?? fallback
    default:
      let given = try bound("precision", "method")
      let precision = try given[0]?.requiredInteger("the precision") ?? 0
      let method = try given[1]?.requiredText("the method") ?? "common"
      guard let number = value.number else { throw Fault("a \(value.kind) can't be rounded") }
      return try Rounding.rounded(value, number, precision, method)
    }
  }
}
