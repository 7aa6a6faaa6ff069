/// Bounds what composing a text can cost, by looking at its bytes before any parser does.
///
/// The composer copies anchored values and hashes keys with all they hold, so a page of text with aliases of aliases
/// would keep it busy for years; and it recurses, so nesting costs stack. Both bounds are on the safe side: whatever
/// looks like an anchor, an alias or a separator is counted, be it in a comment or a text.
public struct YAMLBounds {
  /// Why a text isn't parsed.
  public enum Problem: Hashable {
    /// More values than allowed could come out.
    case tooManyValues
    /// The leading spaces and indicators of this line reach further than any sensible nesting.
    case tooDeep(line: Int)
    /// A character that YAML forbids.
    case controlCharacter(line: Int, column: Int)
  }

  /// Values that the text may hold at most, as estimated; an honest page of policy is estimated at a few thousand.
  public static let mostValues = 60_000.0
  /// Block collections nest only by leading spaces and indicators, each level at a column further right.
  public static let widestIndentation = 200

  /// What makes a text too dear to compose, or no YAML; nil where nothing does.
  public static func problem(_ bytes: some Collection<UInt8>, mostValues: Double = mostValues) -> Problem? {
    var separators = 0
    var references = References()
    var (line, column) = (1, 1)
    var leading = true
    var previous: UInt8?
    for byte in bytes {
      references.read(byte, after: previous)
      if byte < 0x20 && byte != 0x09 && byte != 0x0a && byte != 0x0d || byte == 0x7f {
        return .controlCharacter(line: line, column: column)
      }
      switch byte {
      case UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: ":"), UInt8(ascii: "-"), UInt8(ascii: "?"),
        UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "{"):
        separators += 1
      default: break
      }
      if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
        leading = true
        if byte == UInt8(ascii: "\n") { line += 1 }
        column = 1
      } else {
        leading = leading && isIndentation(byte)
        if leading && column > widestIndentation { return .tooDeep(line: line) }
        // Continuation bytes belong to the column of their first one.
        if byte & 0xc0 != 0x80 { column += 1 }
      }
      previous = byte
    }
    // A separator introduces at most three values: a collection, the pair in it, and the pair's key.
    let values = 3 * Double(separators + 1)
    return values * references.growth > mostValues ? .tooManyValues : nil
  }

  /// How many times larger a text may become at most once its aliases are followed; counted no further than to
  /// what no machine could hold.
  public static func growth(_ bytes: some Collection<UInt8>) -> Double {
    var references = References()
    var previous: UInt8?
    for byte in bytes {
      references.read(byte, after: previous)
      previous = byte
    }
    return references.growth
  }

  /// What looks like an anchor or an alias.
  private struct References {
    private var anchors = 0
    private var aliases = 0
    private var sigil: UInt8?

    mutating func read(_ byte: UInt8, after previous: UInt8?) {
      if let candidate = sigil, isName(byte) {
        if candidate == UInt8(ascii: "&") { anchors += 1 } else { aliases += 1 }
      }
      let isSigil = byte == UInt8(ascii: "&") || byte == UInt8(ascii: "*")
      sigil = isSigil && (previous.map(mayPrecedeToken) ?? true) ? byte : nil
    }

    /// The aliases between two anchors copy at most what there is so far, so a text grows by (1 + aliases in that
    /// stretch) at each; the product is largest where they are spread evenly.
    var growth: Double {
      if anchors == 0 || aliases == 0 { return 1 }
      var product = 1.0
      let perStretch = 1 + Double(aliases) / Double(anchors)
      for _ in 0..<anchors {
        product *= perStretch
        if product > 1e12 { break }
      }
      return product
    }
  }

  private static func isIndentation(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "?")
      || byte == UInt8(ascii: ":")
  }

  private static func isName(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
      || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) || byte == UInt8(ascii: "_")
      || byte == UInt8(ascii: "-")
  }

  /// Where a token may start: after a blank or an indicator, never within a word.
  private static func mayPrecedeToken(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d || ",[]{}:-?!%@`|>'\"".utf8.contains(byte)
  }
}
