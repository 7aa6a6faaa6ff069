import Core

/// A value of Python's as templates see it. Lists and dictionaries can't be changed: transformers renders in an immutable
/// sandbox.
enum Value {
  /// A name or member that isn't there, with what Jinja says about it. It prints as nothing and is false.
  case undefined(String)
  case none
  case bool(Bool)
  case integer(Int)
  case float(Double)
  case string(String)
  /// A string that `safe` has marked: adding to it escapes the other side.
  case markup(String)
  case list([Value])
  case tuple([Value])
  case dictionary(Members)
  case range(NumberRange)
  /// What `keys()`, `values()` and `items()` give.
  case view(View, [Value])
  /// What many filters give: it can be read once.
  case iterator(Generator)
  case namespace(Namespace)
  case loop(LoopState)
  case callable(Callable)

  struct NumberRange: Equatable {
    let start: Int
    let stop: Int
    let step: Int

    var count: Int {
      if step > 0 { return stop > start ? (stop - start - 1) / step + 1 : 0 }
      return start > stop ? (start - stop - 1) / -step + 1 : 0
    }

    subscript(index: Int) -> Int { start + index * step }

    var values: [Value] { (0..<count).map { .integer(self[$0]) } }
  }

  enum View: String {
    case keys = "dict_keys"
    case values = "dict_values"
    case items = "dict_items"
  }

  final class Generator {
    private var rest: ArraySlice<Value>

    init(_ values: [Value]) { rest = values[...] }

    /// What is left.
    var values: [Value] { Array(rest) }

    func takeFirst() -> Value? { rest.popFirst() }

    func takeAll() -> [Value] {
      defer { rest = [] }
      return Array(rest)
    }
  }

  /// The one value that templates may change.
  final class Namespace {
    var members: [String: Value]

    init(_ members: [String: Value]) { self.members = members }
  }

  /// - Parameter json: an object's members keep their order; of a key that is there twice, the last counts.
  init(_ json: JSON) {
    switch json {
    case .null: self = .none
    case .bool(let value): self = .bool(value)
    case .integer(let value): self = .integer(value)
    case .number(let value): self = .float(value)
    case .string(let value): self = .string(value)
    case .array(let values): self = .list(values.map(Value.init))
    case .object(let members): self = .dictionary(Members(members))
    }
  }

  /// A string's text, marked as safe or not.
  var text: String? {
    switch self {
    case .string(let text), .markup(let text): text
    default: nil
    }
  }

  /// A boolean or an integer, which Python counts with alike.
  var integer: Int? {
    switch self {
    case .integer(let value): value
    case .bool(let value): value ? 1 : 0
    default: nil
    }
  }

  var number: Double? {
    if case .float(let value) = self { return value }
    return integer.map(Double.init)
  }

  var isUndefined: Bool { if case .undefined = self { true } else { false } }

  var isNone: Bool { if case .none = self { true } else { false } }

  /// Python's name for the kind.
  var kind: String {
    switch self {
    case .undefined: "Undefined"
    case .none: "NoneType"
    case .bool: "bool"
    case .integer: "int"
    case .float: "float"
    case .string: "str"
    case .markup: "Markup"
    case .list: "list"
    case .tuple: "tuple"
    case .dictionary: "dict"
    case .range: "range"
    case .view(let view, _): view.rawValue
    case .iterator: "generator"
    case .namespace: "Namespace"
    case .loop: "LoopContext"
    case .callable: "function"
    }
  }

  /// Python's truth.
  var isTrue: Bool {
    switch self {
    case .undefined, .none: false
    case .bool(let value): value
    case .integer(let value): value != 0
    case .float(let value): value != 0
    case .string(let text), .markup(let text): !text.isEmpty
    case .list(let values), .tuple(let values), .view(_, let values): !values.isEmpty
    case .dictionary(let dictionary): !dictionary.members.isEmpty
    case .range(let range): range.count > 0
    case .iterator, .namespace, .loop, .callable: true
    }
  }

  /// Python's `==`: numbers compare by value, strings by characters, and only values of one kind are equal otherwise.
  /// - Throws: `Fault` (limit).
  func equals(_ other: Value, _ work: Work) throws -> Bool {
    try work.spend()
    switch (self, other) {
    case (.undefined, .undefined), (.none, .none): return true
    case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)), (.view(.keys, let a), .view(.keys, let b)):
      return try a.count == b.count && zip(a, b).allSatisfy { try $0.equals($1, work) }
    case (.dictionary(let a), .dictionary(let b)):
      return try a.members.count == b.members.count
        && a.members.allSatisfy { member in
          try b.value(of: member.key, work).map { try $0.equals(member.value, work) } ?? false
        }
    case (.range(let a), .range(let b)):
      // As sequences: empty ones are equal whatever their bounds.
      return a.count == b.count && (a.count == 0 || a.start == b.start) && (a.count < 2 || a.step == b.step)
    case (.namespace(let a), .namespace(let b)): return a === b
    case (.iterator(let a), .iterator(let b)): return a === b
    case (.loop(let a), .loop(let b)): return a === b
    default:
      if let a = text, let b = other.text {
        guard a.utf8.count == b.utf8.count else { return false }
        try work.spend(bytes: a.utf8.count)
        return a.hasSameBytes(as: b)
      }
      if let a = integer, let b = other.integer { return a == b }
      if let a = number, let b = other.number { return a == b }
      return false
    }
  }

  /// Whether `self` comes before `other`.
  /// - Throws: `Fault` where Python doesn't compare them, or it takes too much work.
  func isLess(than other: Value, _ work: Work) throws -> Bool {
    try work.spend()
    if let a = integer, let b = other.integer { return a < b }
    if let a = number, let b = other.number { return a < b }
    if let a = text, let b = other.text {
      try work.spend(bytes: min(a.utf8.count, b.utf8.count))
      // By code points, which the bytes of UTF-8 are in order of.
      return a.utf8.lexicographicallyPrecedes(b.utf8)
    }
    switch (self, other) {
    case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)):
      for (x, y) in zip(a, b) where try !x.equals(y, work) { return try x.isLess(than: y, work) }
      return a.count < b.count
    case (.undefined(let message), _), (_, .undefined(let message)): throw Fault(message)
    default: throw Fault("a \(kind) and a \(other.kind) can't be compared")
    }
  }

  /// - Throws: `Fault` for values that have no length, and a text that takes too much work.
  func length(_ work: Work) throws -> Int {
    switch self {
    case .undefined: return 0
    case .string(let text), .markup(let text):
      try work.spend(bytes: text.utf8.count)
      return text.unicodeScalars.count
    case .list(let values), .tuple(let values), .view(_, let values): return values.count
    case .dictionary(let dictionary): return dictionary.members.count
    case .range(let range): return range.count
    case .loop(let loop): return loop.values.count
    default: throw Fault("a \(kind) has no length")
    }
  }

  /// The values that a loop over this one sees; an iterator has none afterwards.
  /// - Throws: `Fault` for what can't be looped over, and for too many.
  func elements(_ work: Work) throws -> [Value] {
    switch self {
    case .undefined: return []
    case .string(let text), .markup(let text):
      try work.spend(elements: try length(work))
      return text.unicodeScalars.map { .string(String($0)) }
    case .list(let values), .tuple(let values), .view(_, let values):
      try work.spend(elements: values.count)
      return values
    case .dictionary(let dictionary):
      try work.spend(elements: dictionary.members.count)
      return dictionary.members.map(\.key)
    case .range(let range):
      try work.spend(elements: range.count)
      return range.values
    case .iterator(let iterator):
      let values = iterator.takeAll()
      try work.spend(elements: values.count)
      return values
    default: throw Fault("a \(kind) can't be looped over")
    }
  }

  /// Whether values can be keys.
  /// - Throws: `Fault` where they can't, or it takes too much work.
  func requireHashable(_ work: Work) throws {
    switch self {
    case .list, .dictionary, .view: throw Fault("a \(kind) can't be a key")
    case .tuple(let values):
      try work.spend(elements: values.count)
      for value in values { try value.requireHashable(work) }
    default: break
    }
  }
}
