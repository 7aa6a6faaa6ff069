import Core

/// Runs the statements of one template once.
final class Renderer {
  /// The line of the statement or expression under way.
  private(set) var line = 1
  /// Whether `strftime_now` was called.
  var usesTime = false
  let time: TemplateTime
  private var output = ""
  let work = Work()
  private var depth = 0
  private let root: Scope
  /// What may hold another of its kind: emptied one by one at the end, so that no chain of them is freed by recursion.
  private var scopes: [Scope] = []
  private var namespaces: [Value.Namespace] = []

  init(variables: [(name: String, value: JSON)], time: TemplateTime) {
    let globals = Scope(parent: nil)
    for variable in variables { globals.set(variable.name, Value(variable.value)) }
    root = Scope(parent: globals)
    self.time = time
  }

  func text(of body: [Statement]) throws -> String {
    defer {
      for scope in scopes { scope.removeAll() }
      for namespace in namespaces { namespace.members = [:] }
    }
    _ = try run(body, root)
    return output
  }

  // MARK: - Limits

  func deeper<Result>(_ line: Int, _ body: () throws -> Result) throws -> Result {
    depth += 1
    defer { depth -= 1 }
    self.line = line
    guard depth <= Limits.depth else { throw Fault("it calls itself too often", .limit) }
    try work.spend()
    let result = try body()
    self.line = line
    return result
  }

  /// Remembers the scope that a macro holds.
  func keep(_ macro: Macro) throws -> Macro {
    try work.spend(Limits.stepsOfObject)
    scopes.append(macro.scope)
    return macro
  }

  /// Remembers a namespace.
  func keep(_ namespace: Value.Namespace) throws -> Value.Namespace {
    try work.spend(Limits.stepsOfObject)
    namespaces.append(namespace)
    return namespace
  }

  /// - Throws: `Fault` for a value that is nested too deeply to be kept.
  func requireShallow(_ value: Value, depth: Int = 0) throws {
    guard depth <= Limits.values else { throw Fault("a value nested more than \(Limits.values) levels deep", .limit) }
    switch value {
    case .list(let values), .tuple(let values), .view(_, let values):
      try work.spend(1 + values.count / 8)
      for value in values { try requireShallow(value, depth: depth + 1) }
    case .dictionary(let dictionary):
      try work.spend(1 + dictionary.members.count / 8)
      for member in dictionary.members {
        try requireShallow(member.key, depth: depth + 1)
        try requireShallow(member.value, depth: depth + 1)
      }
    case .iterator(let generator): try requireShallow(.list(generator.values), depth: depth + 1)
    case .callable(.method(let owner, _)): try requireShallow(owner, depth: depth + 1)
    case .loop(let loop): try requireShallow(.list(loop.values), depth: depth + 1)
    default: break
    }
  }

  // MARK: - Statements

  /// How a list of statements ended.
  enum Ending { case normal, broke, continued }

  func run(_ body: [Statement], _ scope: Scope) throws -> Ending {
    for statement in body {
      let ending = try deeper(statement.line) { try run(statement, scope) }
      if ending != .normal { return ending }
    }
    return .normal
  }

  /// What `body` writes.
  func captured(_ body: [Statement], _ scope: Scope) throws -> String {
    let around = output
    output = ""
    defer { output = around }
    _ = try run(body, scope)
    return output
  }

  private func write(_ text: String) throws {
    try work.spend(bytes: text.utf8.count)
    guard output.utf8.count + text.utf8.count <= Limits.text else {
      throw Fault("it writes more than \(Limits.text) bytes", .limit)
    }
    output += text
  }

  private func run(_ statement: Statement, _ scope: Scope) throws -> Ending {
    switch statement.kind {
    case .data(let text): try write(text)
    case .output(let expression): try write(try evaluate(expression, scope).printed(work))
    case .conditional(let branches, let otherwise):
      for branch in branches where try evaluate(branch.test, scope).isTrue { return try run(branch.body, scope) }
      return try run(otherwise, scope)
    case .loop(let loop): return try run(loop, scope)
    case .set(let target, let expression): try assign(try evaluate(expression, scope), to: target, scope)
    case .setBlock(let target, let filters, let body):
      try assign(try filtered(body, filters, scope), to: target, scope)
    case .macro(let definition): scope.set(definition.name, .callable(.macro(try keep(Macro(definition, scope)))))
    case .callBlock(let call, let caller): try write(try run(call, caller: try keep(Macro(caller, scope)), scope))
    case .filterBlock(let filters, let body): try write(try filtered(body, filters, scope).printed(work))
    case .with(let values, let body):
      let inner = Scope(parent: scope)
      for (target, value) in values { try assign(try evaluate(value, scope), to: target, inner) }
      return try run(body, inner)
    case .generation(let body): try write(try captured(body, Scope(parent: scope)))
    case .breakLoop: return .broke
    case .continueLoop: return .continued
    }
    return .normal
  }

  private func run(_ loop: ForLoop, _ scope: Scope) throws -> Ending {
    var values = try evaluate(loop.sequence, scope).elements(work)
    if let condition = loop.condition {
      values = try values.filter { value in
        let inner = Scope(parent: scope)
        try assign(value, to: loop.target, inner)
        return try evaluate(condition, inner).isTrue
      }
    }
    let state = LoopState(values)
    // Jinja runs the `else` where no round got to its end, be it for `break` or `continue`.
    var isDone = false
    for (index, value) in values.enumerated() {
      state.index = index
      // What the body sets is gone with each round.
      let inner = Scope(parent: scope)
      inner.set("loop", .loop(state))
      try assign(value, to: loop.target, inner)
      let ending = try run(loop.body, inner)
      if ending == .broke { break }
      if ending == .normal { isDone = true }
    }
    return isDone ? .normal : try run(loop.otherwise, Scope(parent: scope))
  }

  /// A block's text, filtered.
  private func filtered(_ body: [Statement], _ filters: Expression, _ scope: Scope) throws -> Value {
    let text = try captured(body, Scope(parent: scope))
    let inner = Scope(parent: scope)
    inner.set(Self.blockText, .string(text))
    return try evaluate(filters, inner)
  }

  /// No name of a template's has a blank.
  static let blockText = "text of the block"

  func assign(_ value: Value, to target: AssignmentTarget, _ scope: Scope) throws {
    try requireShallow(value)
    try put(value, into: target, scope)
  }

  private func put(_ value: Value, into target: AssignmentTarget, _ scope: Scope) throws {
    switch target {
    case .name(let name): scope.set(name, value)
    case .attribute(let owner, let name):
      guard case .namespace(let namespace)? = scope.value(of: owner) else {
        throw Fault("'\(VisibleName(owner))' is no namespace, so its attributes can't be set")
      }
      guard !name.hasPrefix("_") else { throw Fault("a namespace has no attribute that begins with '_'") }
      namespace.members[name] = value
    case .tuple(let targets):
      let values = try value.elements(work)
      guard values.count == targets.count else {
        throw Fault("\(values.count) values can't be unpacked into \(targets.count)")
      }
      for (target, value) in zip(targets, values) { try put(value, into: target, scope) }
    }
  }
}
