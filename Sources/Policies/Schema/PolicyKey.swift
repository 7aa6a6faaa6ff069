import Decisions

/// What a key of the policy file takes.
indirect enum Shape: Sendable {
  case text
  /// Path of a file or folder that must exist.
  case file
  case folder
  /// Path of a decoder: a folder that must exist, or a file whose name ends in `.gguf`.
  case checkpoint
  /// Path of a file that a run writes.
  case output
  /// `http` or `https` address without credentials.
  case url
  /// Name of the environment variable that holds a key.
  case variable
  /// Name of an environment variable that is handed on; it need not be set.
  case passedVariable
  /// A text that holds `{prompt}`.
  case template
  case integer(ClosedRange<Int>)
  case number(ClosedRange<Double>)
  case toggle
  case choice([String])
  case duration
  case bytes
  case object([PolicyKey])
  /// Names of the user's choice, each with a value of this shape.
  case named(Shape)
  case list(Shape)

  /// What a value must be, to complete "must be …".
  var expectation: String {
    switch self {
    case .text: "a text that isn't empty"
    case .file, .output: "the path of a file"
    case .folder: "the path of a folder"
    case .checkpoint: "the path of a checkpoint's folder or GGUF file"
    case .url: "an http or https address without credentials"
    case .variable, .passedVariable: "the name of an environment variable"
    case .template: "a text with {prompt}"
    case .integer(let range):
      range.upperBound == Int.max
        ? "a whole number from \(range.lowerBound)"
        : range.lowerBound == range.upperBound
          ? "\(range.lowerBound)" : "a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .number(let range):
      range.upperBound >= Metric.many
        ? "a number"
        : "a number from \(Quantities.written(range.lowerBound)) to \(Quantities.written(range.upperBound))"
    case .toggle: "on or off"
    case .choice(let values): values.count < 4 ? values.joined(separator: " or ") : "one of the names it knows"
    case .duration: "a duration"
    case .bytes: "a size in bytes"
    case .object, .named: "a mapping"
    case .list: "a list"
    }
  }

  /// Whether quotes around a value show that something else was meant.
  var isNumeric: Bool {
    switch self {
    case .integer, .number: true
    default: false
    }
  }
}

/// One key of the policy file: the table from which validation and JSON Schema both derive.
struct PolicyKey: Sendable {
  let name: String
  let shape: Shape
  var required = false
  /// Shown in the schema and used when the key is absent.
  var fallback: String?
  /// Only with these values of the sibling `kind`; empty for any.
  var kinds: Set<String> = []
  let help: String
}
