import Foundation

extension Transform {
  /// The text as another alphabet's: a model that was trained on the code reads it.
  static let encodings = [
    // RFC 4648.
    Transform("base64", "in Base64, as UTF-8") { Data($0.utf8).base64EncodedString() },
    Transform("hex", "as hexadecimal bytes of its UTF-8, with spaces between them") { text in
      text.utf8.map { byte in
        let digits = String(byte, radix: 16)
        return digits.count == 1 ? "0" + digits : digits
      }.joined(separator: " ")
    },
    Transform("rot13", "with every Latin letter moved by 13 places") { text in
      mapped(text) { scalar in
        switch scalar.value {
        case 0x41...0x5A: Unicode.Scalar((scalar.value - 0x41 + 13) % 26 + 0x41)
        case 0x61...0x7A: Unicode.Scalar((scalar.value - 0x61 + 13) % 26 + 0x61)
        default: nil
        }
      }
    },
  ]

  /// Each scalar replaced where there is a replacement.
  static func mapped(_ text: String, _ replacement: (Unicode.Scalar) -> Unicode.Scalar?) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars { result.append(replacement(scalar) ?? scalar) }
    return String(result)
  }
}
