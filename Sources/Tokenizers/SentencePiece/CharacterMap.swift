/// SentencePiece's replacements of characters (`precompiled_charsmap`): a trie of what is replaced, and the texts that
/// replace it, each ended by a zero byte.
///
/// The trie is a double array of 32-bit units (Aoe, 1989) as the darts-clone library lays it out: a unit's low byte is the
/// label by which it is reached, bit 8 says that a key ends there, and the upper bits lead to its children.
struct CharacterMap: Sendable {
  /// What is wrong with the bytes.
  struct Fault: Error, Hashable, Sendable { let message: String }

  private let units: [UInt32]
  private let texts: [UInt8]

  /// Longest grapheme, in bytes, that is looked up as a whole.
  private static let longestWhole = 5

  /// Reads a map: the trie's size in bytes, the trie and the texts, little-endian. Everything that a look-up can reach is
  /// checked here.
  /// - Throws: `Fault`.
  init(_ bytes: [UInt8]) throws {
    func word(at offset: Int) -> UInt32 {
      (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << (8 * UInt32($1)) }
    }
    guard bytes.count >= 4 else { throw Fault(message: "a character map of \(bytes.count) bytes is cut off") }
    let size = Int(word(at: 0))
    guard size % 4 == 0, size > 0, size <= bytes.count - 4 else {
      throw Fault(message: "the character map's trie of \(size) bytes doesn't fit its \(bytes.count) bytes")
    }
    units = (0..<size / 4).map { word(at: 4 + 4 * $0) }
    texts = Array(bytes[(4 + size)...])
    guard String(validating: texts, as: UTF8.self) != nil else {
      throw Fault(message: "the character map's texts aren't UTF-8")
    }
    try check()
  }

  /// Follows every path from the root once.
  private func check() throws {
    var isKnown = [Bool](repeating: false, count: units.count)
    var open = [Self.offset(units[0])]
    while let node = open.popLast() {
      guard node < units.count else { throw Fault(message: "the character map's trie leads out of itself") }
      if isKnown[node] { continue }
      isKnown[node] = true
      for label in 1...255 {
        let place = node ^ label
        guard place < units.count else { throw Fault(message: "the character map's trie leads out of itself") }
        let unit = units[place]
        guard Self.label(unit) == UInt32(label) else { continue }
        let child = place ^ Self.offset(unit)
        if Self.endsKey(unit) {
          guard child < units.count, isTextStart(Self.value(units[child])) else {
            throw Fault(message: "the character map's trie leads to no text")
          }
        }
        open.append(child)
      }
    }
  }

  private func isTextStart(_ start: Int) -> Bool {
    start == texts.count || start < texts.count && texts[start] & 0xc0 != 0x80
  }

  /// A text with its replacements made, one grapheme at a time: a short one as a whole, else each of its characters. As in
  /// the reference implementation, what is looked up gives way to the replacement of the shortest key that starts it.
  func replace(in text: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    var offset = 0
    while offset < text.count {
      if isAlone(text, at: offset) {
        appendCharacter(text[offset...offset], to: &result)
        offset += 1
        continue
      }
      // Up to an ASCII character that no mark can follow: there every grapheme ends.
      var end = offset + 1
      while end < text.count, !(text[end - 1] < 0x80 && isBoundary(text, before: end)) { end += 1 }
      for grapheme in String(decoding: text[offset..<end], as: UTF8.self) {
        append(ContiguousArray(grapheme.utf8), to: &result)
      }
      offset = end
    }
    return result
  }

  /// Whether the byte is a grapheme of its own: ASCII before ASCII or the end.
  private func isAlone(_ text: [UInt8], at offset: Int) -> Bool {
    text[offset] < 0x80 && (offset + 1 == text.count || isBoundary(text, before: offset + 1))
  }

  /// Whether a grapheme ends between an ASCII character and the next one.
  private func isBoundary(_ text: [UInt8], before next: Int) -> Bool {
    text[next] < 0x80 && !(text[next - 1] == 0x0d && text[next] == 0x0a)
  }

  private func append(_ grapheme: ContiguousArray<UInt8>, to result: inout [UInt8]) {
    if grapheme.count <= Self.longestWhole, let text = replacement(of: grapheme[...]) {
      result += text
      return
    }
    var start = 0
    while start < grapheme.count {
      var end = start + 1
      while end < grapheme.count, grapheme[end] & 0xc0 == 0x80 { end += 1 }
      appendCharacter(grapheme[start..<end], to: &result)
      start = end
    }
  }

  private func appendCharacter(_ character: some Collection<UInt8>, to result: inout [UInt8]) {
    if let text = replacement(of: character) { result += text } else { result += character }
  }

  /// The replacement of the shortest key that `text` starts with; nil where there is none.
  private func replacement(of text: some Collection<UInt8>) -> ArraySlice<UInt8>? {
    var node = Self.offset(units[0])
    for byte in text where node < units.count {
      // No key holds a zero byte.
      if byte == 0 { return nil }
      node ^= Int(byte)
      guard node < units.count else { return nil }
      let unit = units[node]
      guard Self.label(unit) == UInt32(byte) else { return nil }
      node ^= Self.offset(unit)
      if Self.endsKey(unit) {
        let start = Self.value(units[node])
        let end = texts[start...].firstIndex(of: 0) ?? texts.count
        return texts[start..<end]
      }
    }
    return nil
  }

  private static func endsKey(_ unit: UInt32) -> Bool { unit >> 8 & 1 == 1 }
  private static func value(_ unit: UInt32) -> Int { Int(unit & 0x7fff_ffff) }
  private static func label(_ unit: UInt32) -> UInt32 { unit & 0x8000_00ff }
  private static func offset(_ unit: UInt32) -> Int { Int((unit >> 10) << ((unit & 0x200) >> 6)) }
}
