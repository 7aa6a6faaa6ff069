/// One value of a GGUF file's metadata; an array's elements stay in the file until they are asked for.
enum GGUFValue: Sendable {
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case strings(Elements)
  case integers(Elements)
  case numbers(Elements)
  /// A kind that nothing here reads; its bytes were skipped.
  case other

  /// Where the elements of an array are.
  struct Elements: Sendable {
    /// ggml's number.
    let type: UInt32
    let count: Int
    let bytes: Range<Int>
  }

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
