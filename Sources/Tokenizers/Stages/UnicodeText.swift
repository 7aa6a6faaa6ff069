/// What the stages ask of a character. Categories are Unicode's, as the standard library knows them.
enum CharacterClass: UInt8, Sendable {
  case letter
  case number
  case space
  case other

  @inline(__always)
  static func of(_ scalar: Unicode.Scalar) -> CharacterClass {
    if scalar.value < 0x80 {
      switch UInt8(truncatingIfNeeded: scalar.value) {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): return .letter
      case UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
      case 0x09...0x0d, 0x20: return .space
      default: return .other
      }
    }
    return ofNonASCII(scalar.properties)
  }

  private static func ofNonASCII(_ properties: Unicode.Scalar.Properties) -> CharacterClass {
    switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: .letter
    case .decimalNumber, .letterNumber, .otherNumber: .number
    default: properties.isWhitespace ? .space : .other
    }
  }
}

/// One scalar of a UTF-8 buffer and the offset behind it.
struct DecodedScalar {
  let scalar: Unicode.Scalar
  let end: Int
}

extension [UInt8] {
  /// Decodes the scalar that starts at `offset`. The bytes come from a Swift string, so they are valid UTF-8.
  @inline(__always)
  func scalar(at offset: Int) -> DecodedScalar {
    let first = self[offset]
    if first < 0x80 { return DecodedScalar(scalar: Unicode.Scalar(first), end: offset + 1) }
    return multiByteScalar(at: offset)
  }

  private func multiByteScalar(at offset: Int) -> DecodedScalar {
    let first = UInt32(self[offset])
    let length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
    let end = Swift.min(offset + length, count)
    var value = first & (0xff >> UInt32(length + 1))
    for index in (offset + 1)..<end { value = value << 6 | UInt32(self[index] & 0x3f) }
    return DecodedScalar(scalar: Unicode.Scalar(value) ?? "\u{fffd}", end: end)
  }

  /// Decodes the scalar that ends right before `end`, nil at the start of the buffer or of the range.
  func scalar(before end: Int, notBefore start: Int) -> (scalar: Unicode.Scalar, start: Int)? {
    guard end > start else { return nil }
    var offset = end - 1
    while offset > start, self[offset] & 0xc0 == 0x80 { offset -= 1 }
    return (scalar(at: offset).scalar, offset)
  }
}
