/// How a tensor's elements are stored: in blocks of `elements` that take `bytes`. Numbered as ggml does (`ggml.h`).
enum GGUFTensorType: UInt32, Sendable, CaseIterable {
  case f32 = 0
  case f16 = 1
  case q40 = 2
  case q41 = 3
  case q50 = 6
  case q51 = 7
  case q80 = 8
  case q2K = 10
  case q3K = 11
  case q4K = 12
  case q5K = 13
  case q6K = 14
  case q8K = 15
  case iq4NL = 20
  case iq4XS = 23
  case bf16 = 30
  case mxfp4 = 39

  /// One row a type, as ggml's own table (`ggml.c`) has it.
  private var layout: (name: String, elements: Int, bytes: Int) {
    switch self {
    case .f32: ("F32", 1, 4)
    case .f16: ("F16", 1, 2)
    case .bf16: ("BF16", 1, 2)
    case .q40: ("Q4_0", 32, 18)
    case .q41: ("Q4_1", 32, 20)
    case .q50: ("Q5_0", 32, 22)
    case .q51: ("Q5_1", 32, 24)
    case .q80: ("Q8_0", 32, 34)
    case .q2K: ("Q2_K", 256, 84)
    case .q3K: ("Q3_K", 256, 110)
    case .q4K: ("Q4_K", 256, 144)
    case .q5K: ("Q5_K", 256, 176)
    case .q6K: ("Q6_K", 256, 210)
    case .q8K: ("Q8_K", 256, 292)
    case .iq4NL: ("IQ4_NL", 32, 18)
    case .iq4XS: ("IQ4_XS", 256, 136)
    case .mxfp4: ("MXFP4", 32, 17)
    }
  }

  var elements: Int { layout.elements }

  var bytes: Int { layout.bytes }

  var name: String { layout.name }

  /// The name of any type, for messages.
  static func name(of code: UInt32) -> String {
    if let type = GGUFTensorType(rawValue: code) { return type.name }
    let others: [UInt32: String] = [
      9: "Q8_1", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S", 21: "IQ3_S", 22: "IQ2_S", 24: "I8", 25: "I16",
      26: "I32", 27: "I64", 28: "F64", 29: "IQ1_M", 34: "TQ1_0", 35: "TQ2_0", 40: "NVFP4",
    ]
    return others[code] ?? "\(code)"
  }
}
