extension Renderer {
  func call(_ callee: Value, _ arguments: Arguments) throws -> Value {
    switch callee {
    case .callable(.function(let function)): return try call(function, arguments)
    case .callable(.macro(let macro)): return .string(try call(macro, arguments))
    case .callable(.method(let owner, let name)): return try callMethod(name, of: owner, arguments)
    case .callable(.cycle(let loop)):
      let values = try arguments.plain(1, .max, of: "loop.cycle")
      return values[loop.index % values.count]
    case .callable(.changed(let loop)):
      let values = try arguments.plain(0, .max, of: "loop.changed")
      defer { loop.lastChanged = values }
      return .bool(try !(loop.lastChanged.map { try Value.tuple($0).equals(.tuple(values), work) } ?? false))
    case .undefined(let message): throw Fault(message)
    case .loop: throw Fault.unsupported("a recursive loop")
    default: throw Fault("a \(callee.kind) can't be called")
    }
  }

  /// What a call block writes.
  func run(_ call: Expression, caller: Macro, _ scope: Scope) throws -> String {
    guard case .call(let callee, let given) = call.kind else { throw Fault("expected a call", .syntax) }
    guard case .callable(.macro(let macro)) = try evaluate(callee, scope) else {
      throw Fault.unsupported("a call block of anything but a macro")
    }
    return try self.call(macro, try evaluated(given, scope), caller: .callable(.macro(caller)))
  }

  private func call(_ macro: Macro, _ arguments: Arguments, caller: Value? = nil) throws -> String {
    let definition = macro.definition
    let inner = Scope(parent: macro.scope)
    inner.set("caller", caller ?? .undefined("no caller is defined"))
    try work.spend(definition.parameters.count * (1 + arguments.named.count) / 8)
    let values = try arguments.bound(
      to: definition.parameters, of: "the macro '\(VisibleName(definition.name))'")
    let firstDefault = definition.parameters.count - definition.defaults.count
    for (index, name) in definition.parameters.enumerated() {
      if let value = values[index] {
        try requireShallow(value)
        inner.set(name, value)
      } else if index >= firstDefault {
        inner.set(name, try evaluate(definition.defaults[index - firstDefault], inner))
      } else {
        inner.set(name, .undefined("the parameter '\(VisibleName(name))' was not given"))
      }
    }
    return try captured(definition.body, inner)
  }

  private func call(_ function: Function, _ arguments: Arguments) throws -> Value {
    switch function {
    case .raiseException:
      let message = try arguments.bound(to: ["message"], of: "raise_exception")[0]
      guard let message else { throw Fault("raise_exception needs a message") }
      throw Fault(try message.printed(work), .raised)
    case .strftimeNow:
      guard let format = try arguments.bound(to: ["format"], of: "strftime_now")[0] else {
        throw Fault("strftime_now needs a format")
      }
      usesTime = true
      return .string(try time.text(format.requiredText("the format of strftime_now"), work))
    case .range:
      let bounds = try arguments.plain(1, 3, of: "range").map { try $0.requiredInteger("range") }
      let step = bounds.count == 3 ? bounds[2] : 1
      guard step != 0 else { throw Fault("a range with a step of 0") }
      let range = Value.NumberRange(
        start: bounds.count == 1 ? 0 : bounds[0], stop: bounds.count == 1 ? bounds[0] : bounds[1], step: step)
      guard [range.start, range.stop, range.step].allSatisfy({ abs($0) < 1 << 60 }), range.count <= 100_000 else {
        throw Fault("a range of more than 100000 numbers")
      }
      return .range(range)
    case .namespace:
      let members = try dictionary(arguments, of: "namespace").members
      return .namespace(
        try keep(
          Value.Namespace(
            try members.reduce(into: [:]) { result, member in
              let name = try member.key.requiredText("an attribute of a namespace")
              guard !name.hasPrefix("_") else { throw Fault("a namespace has no attribute that begins with '_'") }
              result[name] = member.value
            })))
    case .dict: return .dictionary(try dictionary(arguments, of: "dict"))
    }
  }

  private func dictionary(_ arguments: Arguments, of what: String) throws -> Members {
    guard arguments.positional.count <= 1 else { throw Fault("\(what) takes one value at most") }
    var result = Members()
    switch arguments.positional.first {
    case nil: break
    case .dictionary(let given)?: result = given
    case let pairs?:
      for pair in try pairs.elements(work) {
        let pair = try pair.elements(work)
        guard pair.count == 2 else { throw Fault("\(what) takes pairs") }
        try pair[0].requireHashable(work)
        try result.set(pair[0], pair[1], work)
      }
    }
    for (name, value) in arguments.named { try result.set(.string(name), value, work) }
    return result
  }
}
