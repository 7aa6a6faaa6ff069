/// Keeps names of models, runs and files on one line: a browser ends lines after hyphens, and "assistant-" is nobody's name.
///
/// A name that may be longer than the line still breaks: a long one anywhere but in a desk's headline, every one in the narrow cells of
/// a phone. What a reader copies is the name as it is.
enum UnbrokenNames {
  /// A page's body with each name in an element of its own.
  /// - Parameter html: well-formed, with `<` and `>` in texts and attributes escaped.
  static func marked(_ html: String) -> String {
    var result: [UInt8] = []
    let bytes = Array(html.utf8)
    result.reserveCapacity(bytes.count + bytes.count / 16)
    // Elements whose texts are drawn or read as they are.
    var closed = 0
    var rest = bytes[...]
    while let first = rest.first {
      if first == UInt8(ascii: "<") {
        let end = rest.firstIndex(of: UInt8(ascii: ">")) ?? rest.index(before: rest.endIndex)
        let tag = rest[...end]
        if Self.plainElements.contains(where: tag.dropFirst().starts(with:)) { closed += 1 }
        if Self.plainElements.contains(where: tag.dropFirst(2).starts(with:)),
          tag.dropFirst().first == UInt8(ascii: "/")
        {
          closed -= 1
        }
        result += tag
        rest = rest[(end + 1)...]
        continue
      }
      let text = rest.prefix { $0 != UInt8(ascii: "<") }
      if closed > 0 { result += text } else { mark(text, into: &result) }
      rest = rest[text.endIndex...]
    }
    return String(decoding: result, as: UTF8.self)
  }

  private static let plainElements = ["svg", "style"].map { Array($0.utf8) }
  private static let opening = Array(#"<span class="name">"#.utf8)
  private static let openingLong = Array(#"<span class="longname">"#.utf8)
  /// Widths that any line of a phone holds, and a headline on a desk, in small letters of the usual width.
  private static let most = 22.0
  private static let mostInHeadline = 44.0
  private static let closing = Array("</span>".utf8)

  private static func mark(_ text: ArraySlice<UInt8>, into result: inout [UInt8]) {
    var rest = text
    while !rest.isEmpty {
      let other = rest.prefix { !isPart($0) }
      result += other
      let word = rest[other.endIndex...].prefix(while: isPart)
      // Punctuation around a name is no part of it.
      let start = word.firstIndex(where: isLetterOrDigit) ?? word.endIndex
      let end = word.lastIndex(where: isLetterOrDigit).map { $0 + 1 } ?? start
      let name = word[start..<end]
      let width = name.reduce(0) { $0 + Self.width($1) }
      if isName(name), width <= mostInHeadline {
        result += word[..<start] + (width <= most ? opening : openingLong) + name + closing + word[end...]
      } else {
        result += word
      }
      rest = rest[word.endIndex...]
    }
  }

  /// Whether a word breaks at a hyphen though it is no word of prose: "assistant-1.0" is one, "safety-tuned" is none.
  private static func isName(_ word: ArraySlice<UInt8>) -> Bool {
    word.contains(UInt8(ascii: "-")) && word.contains { $0 != UInt8(ascii: "-") && !isLetter($0) }
  }

  private static func width(_ byte: UInt8) -> Double {
    if "mwMW@".utf8.contains(byte) { return 1.6 }
    return (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? 1.25 : 1
  }

  private static func isPart(_ byte: UInt8) -> Bool {
    isLetterOrDigit(byte) || "-._/:@+".utf8.contains(byte)
  }

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    isLetter(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
  }
}
