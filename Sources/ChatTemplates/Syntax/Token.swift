/// A piece of a template.
struct Token: Sendable {
  enum Kind: Equatable, Sendable {
    case data(String)
    case blockBegin, blockEnd, variableBegin, variableEnd
    case name(String)
    case string(String)
    case integer(Int)
    case float(Double)
    /// An operator or bracket, as written.
    case symbol(String)
    case end
  }

  let kind: Kind
  let line: Int

  func isName(_ name: String) -> Bool { kind == .name(name) }

  func isSymbol(_ symbol: String) -> Bool { kind == .symbol(symbol) }

  /// What it is, for messages.
  var description: String {
    switch kind {
    case .data: "text"
    case .blockBegin: "'{%'"
    case .blockEnd: "'%}'"
    case .variableBegin: "'{{'"
    case .variableEnd: "'}}'"
    case .name(let name): "'\(VisibleName(name))'"
    case .string: "a string"
    case .integer, .float: "a number"
    case .symbol(let symbol): "'\(symbol)'"
    case .end: "the end of the template"
    }
  }
}
