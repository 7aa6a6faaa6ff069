/// Puts tokens together into text again.
enum TokenDecoder: Sendable {
  /// Tokens are bytes in GPT-2's alphabet; what isn't UTF-8 becomes U+FFFD.
  case byteLevel
  /// Words separated by blanks, continuations without; `cleansUp` takes the blanks before punctuation away.
  case wordPiece(prefix: [UInt8], cleansUp: Bool)

  func text(_ tokens: [ArraySlice<UInt8>]) -> String {
    switch self {
    case .byteLevel: return String(decoding: bytes(tokens), as: UTF8.self)
    case .wordPiece(let prefix, let cleansUp):
      var text = ""
      for (index, token) in tokens.enumerated() {
        var piece: String
        if index == 0 {
          piece = String(decoding: token, as: UTF8.self)
        } else if token.starts(with: prefix) {
          piece = String(decoding: token.dropFirst(prefix.count), as: UTF8.self)
        } else {
          piece = " " + String(decoding: token, as: UTF8.self)
        }
        if cleansUp { piece = TokenDecoder.cleanUp(piece) }
        text += piece
      }
      return text
    }
  }

  /// The bytes of byte-level tokens; with WordPiece the text's.
  func bytes(_ tokens: [ArraySlice<UInt8>]) -> [UInt8] {
    guard case .byteLevel = self else { return Array(text(tokens).utf8) }
    var bytes: [UInt8] = []
    for token in tokens { ByteAlphabet.append(token, to: &bytes) }
    return bytes
  }

  /// In this order, as the reference replaces them.
  private static let cleanUps: [(String, String)] = [
    (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"),
    (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
  ]

  private static func cleanUp(_ piece: String) -> String {
    // Every pattern starts with a blank and one of these; nearly all pieces are spared the search.
    let bytes = piece.utf8
    let mayMatch = zip(bytes, bytes.dropFirst()).contains { first, second in
      first == 0x20 && ".?!,'nd".utf8.contains(second)
    }
    guard mayMatch else { return piece }
    return cleanUps.reduce(piece) { text, replacement in text.replacing(replacement.0, with: replacement.1) }
  }
}
