/// Puts tokens together into text again.
enum TokenDecoder: Sendable {
  /// Tokens are bytes in GPT-2's alphabet; what isn't UTF-8 becomes U+FFFD.
  case byteLevel
  /// Words separated by blanks, continuations without; `cleansUp` takes the blanks before punctuation away.
  case wordPiece(prefix: [UInt8], cleansUp: Bool)
  /// Tokens are text with `▁` for a blank, or single bytes as `<0xFF>`; bytes that aren't UTF-8 become U+FFFD each.
  /// `stripsBlank` takes away the blank that was put before the text.
  case sentencePiece(stripsBlank: Bool)
  /// Tokens are text with `▁` for a blank; `stripsFirst` takes the blanks of the first token away.
  case metaspace(stripsFirst: Bool)

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
    case .sentencePiece(let stripsBlank): return sentencePieceText(tokens, stripsBlank: stripsBlank)
    case .metaspace: return String(decoding: bytes(tokens), as: UTF8.self)
    }
  }

  /// The bytes that tokens stand for; with WordPiece the text's.
  func bytes(_ tokens: [ArraySlice<UInt8>]) -> [UInt8] {
    var bytes: [UInt8] = []
    switch self {
    case .byteLevel:
      for token in tokens { ByteAlphabet.append(token, to: &bytes) }
    case .wordPiece: bytes = Array(text(tokens).utf8)
    case .sentencePiece(let stripsBlank):
      for token in tokens {
        if let byte = TokenDecoder.byte(token) { bytes.append(byte) } else { bytes += TokenDecoder.withBlanks(token) }
      }
      if stripsBlank, bytes.first == 0x20 { bytes.removeFirst() }
    case .metaspace(let stripsFirst):
      for (index, token) in tokens.enumerated() {
        bytes += TokenDecoder.withBlanks(token, TokenDecoder.blank(index == 0 && stripsFirst))
      }
    }
    return bytes
  }

  private static func blank(_ isStripped: Bool) -> [UInt8] { isStripped ? [] : [0x20] }

  private func sentencePieceText(_ tokens: [ArraySlice<UInt8>], stripsBlank: Bool) -> String {
    var bytes: [UInt8] = []
    // Neighbouring byte tokens are decoded together.
    var run: [UInt8] = []
    func flush() {
      if run.isEmpty { return }
      if String(validating: run, as: UTF8.self) != nil {
        bytes += run
      } else {
        for _ in run { bytes += "\u{fffd}".utf8 }
      }
      run.removeAll(keepingCapacity: true)
    }
    for token in tokens {
      if let byte = TokenDecoder.byte(token) {
        run.append(byte)
      } else {
        flush()
        bytes += TokenDecoder.withBlanks(token)
      }
    }
    flush()
    if stripsBlank, bytes.first == 0x20 { bytes.removeFirst() }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// `▁` in UTF-8.
  static let blankMark: [UInt8] = [0xe2, 0x96, 0x81]

  /// `<0x0A>`
  static func byteToken(_ byte: UInt8) -> String {
    let digits = Array("0123456789ABCDEF")
    return "<0x\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])>"
  }

  /// The byte of a token like `<0x0A>`, nil for any other.
  private static func byte(_ token: ArraySlice<UInt8>) -> UInt8? {
    guard token.count == 6, token.starts(with: "<0x".utf8), token.last == UInt8(ascii: ">") else { return nil }
    return UInt8(String(decoding: token.dropFirst(3).dropLast(), as: UTF8.self), radix: 16)
  }

  private static func withBlanks(_ token: ArraySlice<UInt8>, _ blank: [UInt8] = [0x20]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(token.count)
    var index = token.startIndex
    while index < token.endIndex {
      if token[index...].starts(with: blankMark) {
        bytes += blank
        index += 3
      } else {
        bytes.append(token[index])
        index += 1
      }
    }
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
