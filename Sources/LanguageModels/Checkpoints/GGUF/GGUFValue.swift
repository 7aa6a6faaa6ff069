/// One value of a GGUF file's metadata.
enum GGUFValue: Sendable {
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case strings([String])
  case integers([Int])
  case numbers([Float])
  /// A kind that nothing here reads; its bytes were skipped.
  case other

  /// What the value is, for messages.
  var kind: String {
    switch self {
    case .bool: "a boolean"
    case .integer: "an integer"
    case .number: "a number"
    case .string: "a string"
    case .strings, .integers, .numbers: "an array"
    case .other: "of an unexpected kind"
    }
  }
}
