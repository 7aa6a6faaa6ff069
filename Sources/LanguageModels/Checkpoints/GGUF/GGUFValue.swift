/// One value of a GGUF file's metadata.
enum GGUFValue: Sendable {
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case strings([String])
  case integers([Int])
  case numbers([Float])
  /// Of a kind that nothing here reads; its bytes were skipped.
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

/// How a tensor's elements are stored: in blocks of `elements` that take `bytes`.
enum GGUFTensorType: UInt32, Sendable {
  case f32 = 0
  case f16 = 1
  case q40 = 2
  case q50 = 6
  case q80 = 8
  case q4K = 12
  case q5K = 13
  case q6K = 14
  case bf16 = 30

  var elements: Int {
    switch self {
    case .f32, .f16, .bf16: 1
    case .q40, .q50, .q80: 32
    case .q4K, .q5K, .q6K: 256
    }
  }

  var bytes: Int {
    switch self {
    case .f32: 4
    case .f16, .bf16: 2
    case .q40: 18
    case .q50: 22
    case .q80: 34
    case .q4K: 144
    case .q5K: 176
    case .q6K: 210
    }
  }

  var name: String {
    switch self {
    case .f32: "F32"
    case .f16: "F16"
    case .q40: "Q4_0"
    case .q50: "Q5_0"
    case .q80: "Q8_0"
    case .q4K: "Q4_K"
    case .q5K: "Q5_K"
    case .q6K: "Q6_K"
    case .bf16: "BF16"
    }
  }
}
