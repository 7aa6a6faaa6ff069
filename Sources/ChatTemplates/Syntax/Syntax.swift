/// An expression and the line it begins on.
struct Expression: Sendable {
  indirect enum Kind: Sendable {
    case none
    case bool(Bool)
    case integer(Int)
    case float(Double)
    case string(String)
    case name(String)
    case list([Expression])
    case tuple([Expression])
    case dictionary([(key: Expression, value: Expression)])
    case attribute(Expression, String)
    case item(Expression, Expression)
    case slice(Expression, from: Expression?, to: Expression?, step: Expression?)
    case call(Expression, CallArguments)
    case filter(Expression, Filter, CallArguments)
    case test(Expression, Test, CallArguments)
    case not(Expression)
    case and(Expression, Expression)
    case or(Expression, Expression)
    case negative(Expression)
    case positive(Expression)
    case arithmetic(Expression, Arithmetic, Expression)
    case comparison(Expression, [(operation: Comparison, right: Expression)])
    case concatenation([Expression])
    case conditional(test: Expression, then: Expression, otherwise: Expression?)
    /// What a filter block's filters are applied to.
    case blockText
  }

  let line: Int
  let kind: Kind

  init(_ kind: Kind, line: Int) {
    self.kind = kind
    self.line = line
  }
}

enum Arithmetic: String, Sendable {
  case add = "+"
  case subtract = "-"
  case multiply = "*"
  case divide = "/"
  case floorDivide = "//"
  case remainder = "%"
  case power = "**"
}

enum Comparison: String, Sendable {
  case equal = "=="
  case notEqual = "!="
  case less = "<"
  case lessOrEqual = "<="
  case greater = ">"
  case greaterOrEqual = ">="
  case isIn = "in"
  case isNotIn = "not in"
}

struct CallArguments: Sendable {
  var positional: [Expression] = []
  var named: [(name: String, value: Expression)] = []
}

/// Where a value is put.
indirect enum AssignmentTarget: Sendable {
  case name(String)
  case attribute(of: String, String)
  case tuple([AssignmentTarget])
}

/// What a macro takes and does.
struct MacroDefinition: Sendable {
  let name: String
  let parameters: [String]
  /// The defaults that the last parameters have.
  let defaults: [Expression]
  let body: [Statement]
  let line: Int
}

struct ForLoop: Sendable {
  let target: AssignmentTarget
  let sequence: Expression
  let condition: Expression?
  let body: [Statement]
  let otherwise: [Statement]
}

/// A statement and its line.
struct Statement: Sendable {
  indirect enum Kind: Sendable {
    case data(String)
    case output(Expression)
    case conditional([(test: Expression, body: [Statement])], otherwise: [Statement])
    case loop(ForLoop)
    case set(AssignmentTarget, Expression)
    case setBlock(AssignmentTarget, filters: Expression, body: [Statement])
    case macro(MacroDefinition)
    case callBlock(Expression, caller: MacroDefinition)
    case filterBlock(Expression, [Statement])
    case with([(target: AssignmentTarget, value: Expression)], [Statement])
    /// transformers' mark around what the assistant says; it renders as its body.
    case generation([Statement])
    case breakLoop
    case continueLoop
  }

  let line: Int
  let kind: Kind

  init(_ kind: Kind, line: Int) {
    self.kind = kind
    self.line = line
  }
}
