/// What can be called.
indirect enum Callable {
  case function(Function)
  case macro(Macro)
  /// A method of a string, list or dictionary.
  case method(of: Value, String)
  case cycle(LoopState)
  case changed(LoopState)
}

/// Functions that every template has.
enum Function: String {
  case raiseException = "raise_exception"
  case strftimeNow = "strftime_now"
  case range
  case namespace
  case dict
}

/// A macro with the scope that it was written in.
final class Macro {
  let definition: MacroDefinition
  let scope: Scope

  init(_ definition: MacroDefinition, _ scope: Scope) {
    self.definition = definition
    self.scope = scope
  }
}

/// The variables of a block; reading falls through to the blocks around it.
final class Scope {
  let parent: Scope?
  private(set) var variables: [String: Value] = [:]

  init(parent: Scope?) { self.parent = parent }

  func set(_ name: String, _ value: Value) { variables[name] = value }

  func removeAll() { variables = [:] }

  func value(of name: String) -> Value? {
    var scope: Scope? = self
    while let here = scope {
      if let value = here.variables[name] { return value }
      scope = here.parent
    }
    return nil
  }
}

/// The variable `loop`.
final class LoopState {
  let values: [Value]
  /// The place of the element that the body sees, from 0.
  var index = 0
  /// What `loop.changed` was told last.
  var lastChanged: [Value]?

  init(_ values: [Value]) { self.values = values }

  func attribute(_ name: String) -> Value? {
    switch name {
    case "index": .integer(index + 1)
    case "index0": .integer(index)
    case "revindex": .integer(values.count - index)
    case "revindex0": .integer(values.count - index - 1)
    case "first": .bool(index == 0)
    case "last": .bool(index == values.count - 1)
    case "length": .integer(values.count)
    // Only recursive loops have another.
    case "depth": .integer(1)
    case "depth0": .integer(0)
    case "previtem": index > 0 ? values[index - 1] : .undefined("there is no previous item")
    case "nextitem": index + 1 < values.count ? values[index + 1] : .undefined("there is no next item")
    case "cycle": .callable(.cycle(self))
    case "changed": .callable(.changed(self))
    default: nil
    }
  }
}
