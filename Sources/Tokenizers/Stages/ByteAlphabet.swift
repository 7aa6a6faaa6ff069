/// GPT-2's printable alphabet for bytes: vocabularies are JSON, whose strings can't hold arbitrary bytes, so each byte
/// has a character. Printable Latin-1 stands for itself; the other 68 bytes, in order, get U+0100 and onward.
enum ByteAlphabet {
  /// The character of each byte.
  static let characters: [Unicode.Scalar] = {
    var next: UInt32 = 0x100
    return (0..<256).map { byte in
      switch byte {
      case 0x21...0x7e, 0xa1...0xac, 0xae...0xff: return Unicode.Scalar(UInt8(byte))
      default:
        defer { next += 1 }
        return Unicode.Scalar(next) ?? "\u{fffd}"
      }
    }
  }()

  /// The byte of each character of the alphabet by its code, −1 elsewhere.
  private static let byteOf: [Int16] = {
    var table = [Int16](repeating: -1, count: 0x144)
    for (byte, character) in characters.enumerated() { table[Int(character.value)] = Int16(byte) }
    return table
  }()

  /// Bytes as a token of the vocabulary writes them.
  static func text(_ bytes: some Sequence<UInt8>) -> String {
    var text = ""
    for byte in bytes { text.unicodeScalars.append(characters[Int(byte)]) }
    return text
  }

  /// Appends the bytes that a token stands for; a token with any other character (an added one) stands for its own
  /// text.
  static func append(_ token: ArraySlice<UInt8>, to bytes: inout [UInt8]) {
    let start = bytes.count
    for scalar in String(decoding: token, as: UTF8.self).unicodeScalars {
      let code = Int(scalar.value)
      guard code < byteOf.count, byteOf[code] >= 0 else {
        bytes.removeSubrange(start...)
        bytes += token
        return
      }
      bytes.append(UInt8(byteOf[code]))
    }
  }
}
