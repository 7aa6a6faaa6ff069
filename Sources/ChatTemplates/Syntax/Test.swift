/// Jinja's tests.
enum Test: String, Sendable {
  case boolean, callable, defined, divisibleby, equal, escaped, even, `false`, filter, float, greaterOrEqual, greater
  case `in`, integer, iterable, less, lessOrEqual, lower, mapping, none, notEqual, number, odd, sameas, sequence, string
  case test, `true`, undefined, upper

  init?(_ name: String) {
    switch name {
    case "==", "eq", "equalto": self = .equal
    case "!=", "ne": self = .notEqual
    case ">", "gt", "greaterthan": self = .greater
    case ">=", "ge": self = .greaterOrEqual
    case "<", "lt", "lessthan": self = .less
    case "<=", "le": self = .lessOrEqual
    case "equal", "notEqual", "greater", "greaterOrEqual", "less", "lessOrEqual": return nil
    default: self.init(rawValue: name)
    }
  }
}
