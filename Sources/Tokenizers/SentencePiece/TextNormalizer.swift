/// What happens to a text before it is cut: steps, in order.
struct TextNormalizer: Sendable {
  enum Step: Sendable {
    case map(CharacterMap)
    /// White space at the ends goes.
    case strip(left: Bool, right: Bool)
    /// A literal text, not empty, gives way to another.
    case replace([UInt8], with: [UInt8])
    /// Two blanks or more in a row, the regular expression ` {2,}`, give way to a text.
    case replaceBlanks(with: [UInt8])
    /// Two characters of white space or more in a row, and a single tab or line break, give way to a text: the regular
    /// expression `\s{2,}|[\n\r\t]`.
    case replaceSpace(with: [UInt8])
    case lowercase
    case compose
  }

  var steps: [Step] = []

  func normalize(_ text: [UInt8]) -> [UInt8] { steps.reduce(text) { Self.apply($1, to: $0) } }

  private static func apply(_ step: Step, to text: [UInt8]) -> [UInt8] {
    switch step {
    case .map(let map): map.replace(in: text)
    case .strip(let left, let right): stripped(text, left: left, right: right)
    case .replace(let pattern, let content):
      replaced(text, with: content) { start in text[start...].starts(with: pattern) ? start + pattern.count : nil }
    case .replaceBlanks(let content):
      replaced(text, with: content) { start in
        var end = start
        while end < text.count, text[end] == 0x20 { end += 1 }
        return end - start > 1 ? end : nil
      }
    case .replaceSpace(let content):
      replaced(text, with: content) { start in
        var (end, count) = (start, 0)
        while end < text.count, case let next = text.scalar(at: end), next.scalar.properties.isWhitespace {
          end = next.end
          count += 1
        }
        return count > 1 || count == 1 && [0x09, 0x0a, 0x0d].contains(text[start]) ? end : nil
      }
    case .lowercase: lowercased(text)
    case .compose: CanonicalComposer().compose(text)
    }
  }

  /// - Parameter match: the end of what is replaced at the start of a character; nil where nothing is.
  private static func replaced(_ text: [UInt8], with content: [UInt8], _ match: (Int) -> Int?) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    var offset = 0
    while offset < text.count {
      if text[offset] & 0xc0 != 0x80, let end = match(offset) {
        result += content
        offset = end
      } else {
        result.append(text[offset])
        offset += 1
      }
    }
    return result
  }

  private static func stripped(_ text: [UInt8], left: Bool, right: Bool) -> [UInt8] {
    var (start, end) = (0, text.count)
    while left, start < end, case let next = text.scalar(at: start), next.scalar.properties.isWhitespace {
      start = next.end
    }
    while right, let last = text.scalar(before: end, notBefore: start), last.scalar.properties.isWhitespace {
      end = last.start
    }
    return Array(text[start..<end])
  }

  /// Character by character, without the rules that look at neighbours (the final sigma), as the reference does.
  private static func lowercased(_ text: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    var offset = 0
    while offset < text.count {
      let next = text.scalar(at: offset)
      if next.scalar.isASCII {
        let byte = text[offset]
        result.append((0x41...0x5a).contains(byte) ? byte | 0x20 : byte)
      } else {
        result += next.scalar.properties.lowercaseMapping.utf8
      }
      offset = next.end
    }
    return result
  }
}
