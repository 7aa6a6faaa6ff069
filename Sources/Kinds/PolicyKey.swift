/// What a key of the policy file takes.
public indirect enum Shape: Sendable {
  /// Any text that isn't empty.
  case text
  /// Path of a file or folder that must exist.
  case file
  /// Path of a folder that must exist.
  case folder
  /// Path of a decoder: a folder that must exist, or a file whose name ends in `.gguf`.
  case checkpoint
  /// Path of a file that a run writes.
  case output
  /// `http` or `https` address without credentials.
  case url
  /// The same of a server that a run may start: its port may be `{{port}}`.
  case servedURL
  /// Name of the environment variable that holds a key.
  case variable
  /// Name of an environment variable that is handed on; it need not be set.
  case passedVariable
  /// A text that holds `{prompt}`.
  case template
  /// A whole number within these bounds.
  case integer(ClosedRange<Int>)
  /// A number within these bounds.
  case number(ClosedRange<Double>)
  /// `on` or `off`; `true`, `false`, `yes` and `no` are understood.
  case toggle
  /// One of these names.
  case choice([String])
  /// A length of time with its unit, as `90s` or `2h`.
  case duration
  /// A size with its unit, as `64MiB`.
  case bytes
  /// A mapping with these keys.
  case object([PolicyKey])
  /// A mapping whose `kind` says which keys it has.
  case kind(KindKeys)
  /// HTTP header fields: names of the user's choice, each with a text. Secrets come from the environment alone.
  case headers
  /// Names of the user's choice, each with a value of this shape; for messages, what one is and what the values are.
  case named(Shape, one: String, many: String)
  /// A text, or a mapping of one such text to keys of a kind; where none but some of `brief` are given, no kind is needed.
  case entry(KindKeys, brief: [PolicyKey])
  /// A list of values of this shape.
  case list(Shape)

  /// Stands for no upper bound of numbers: no count of a run comes near.
  public static let many = 1_000_000_000.0

  /// A share between 0 and 1.
  public static let share = Shape.number(0...1)

  /// What a value must be, to complete "must be …".
  public var expectation: String {
    switch self {
    case .text: "a text that isn't empty"
    case .file, .output: "the path of a file"
    case .folder: "the path of a folder"
    case .checkpoint: "the path of a checkpoint's folder or GGUF file"
    case .url, .servedURL: "an http or https address without credentials"
    case .variable, .passedVariable: "the name of an environment variable"
    case .template: "a text with {prompt}"
    case .integer(let range):
      range.upperBound == Int.max
        ? "a whole number from \(range.lowerBound)"
        : range.lowerBound == range.upperBound
          ? "\(range.lowerBound)" : "a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .number(let range):
      range.upperBound >= Self.many
        ? "a number"
        : "a number from \(Quantities.written(range.lowerBound)) to \(Quantities.written(range.upperBound))"
    case .toggle: "on or off"
    case .choice(let values): values.count < 4 ? values.joined(separator: " or ") : "one of the names it knows"
    case .duration: "a duration"
    case .bytes: "a size in bytes"
    case .object, .kind, .named, .headers: "a mapping"
    case .entry: "a name, or a mapping of one name to its keys"
    case .list: "a list"
    }
  }

  /// Whether quotes around a value show that something else was meant.
  public var isNumeric: Bool {
    switch self {
    case .integer, .number: true
    default: false
    }
  }
}

/// One key of the policy file: the table from which validation and JSON Schema both derive.
public struct PolicyKey: Sendable {
  /// The key itself; unique in its mapping.
  public let name: String
  /// What it takes.
  public let shape: Shape
  /// Whether a policy has to have it.
  public var required: Bool
  /// Other keys of the mapping each of which makes this one unnecessary where it is required; empty for none.
  public var unless: [String]
  /// Shown in the schema and used when the key is absent.
  public var fallback: String?
  /// What it does, one sentence for the schema and for people.
  public let help: String
  /// For messages where a list or mapping is wrong as a whole.
  public var example: String?
  /// What an empty list means; nil where it says nothing in particular.
  public var whenEmpty: String?

  public init(
    name: String, shape: Shape, required: Bool = false, unless: [String] = [], fallback: String? = nil, help: String,
    example: String? = nil, whenEmpty: String? = nil
  ) {
    self.name = name
    self.shape = shape
    self.required = required
    self.unless = unless
    self.fallback = fallback
    self.help = help
    self.example = example
    self.whenEmpty = whenEmpty
  }
}
