/// The lines on which the elements of one list in a JSON document begin.
struct ObjectLines {
  /// From 1, in the order of the list; empty where there is no such list.
  private(set) var lines: [Int] = []

  /// - Parameters:
  ///   - bytes: a valid document.
  ///   - path: keys of the objects that lead to the list; empty where the document is the list.
  init(_ bytes: [UInt8], path: [String]) {
    self.bytes = bytes
    self.path = path.map { Array($0.utf8) }
    scan()
  }

  private let bytes: [UInt8]
  private let path: [[UInt8]]

  /// An array or an object that is open.
  private struct Level {
    let isArray: Bool
    /// How many keys of the path led here; nil off the path.
    let depth: Int?
    /// Whether the next text is a key, or the next value begins an element.
    var awaits = true
    /// The key that was read last, as it is written.
    var key: [UInt8] = []
  }

  private mutating func scan() {
    var levels: [Level] = []
    var (line, position) = (1, 0)
    while position < bytes.count {
      let byte = bytes[position]
      switch byte {
      case UInt8(ascii: "\n"): line += 1
      case 0x20, 0x09, 0x0d, 0xef, 0xbb, 0xbf, UInt8(ascii: ":"): break
      case UInt8(ascii: ","): if !levels.isEmpty { levels[levels.count - 1].awaits = true }
      case UInt8(ascii: "]"), UInt8(ascii: "}"): _ = levels.popLast()
      default:
        noteElement(&levels, line)
        if byte == UInt8(ascii: "\"") {
          let text = skipText(from: &position)
          if let last = levels.indices.last, !levels[last].isArray, levels[last].awaits {
            levels[last].key = Array(text)
            levels[last].awaits = false
          }
        } else if byte == UInt8(ascii: "[") || byte == UInt8(ascii: "{") {
          levels.append(Level(isArray: byte == UInt8(ascii: "["), depth: depth(below: levels)))
        }
      }
      position += 1
    }
  }

  private mutating func noteElement(_ levels: inout [Level], _ line: Int) {
    guard let last = levels.indices.last, levels[last].isArray, levels[last].awaits else { return }
    levels[last].awaits = false
    if levels[last].depth == path.count { lines.append(line) }
  }

  /// How far along the path a value stands that is about to open.
  private func depth(below levels: [Level]) -> Int? {
    guard let above = levels.last else { return 0 }
    guard !above.isArray, let depth = above.depth, depth < path.count, above.key == path[depth] else { return nil }
    return depth + 1
  }

  /// Moves from an opening quote to the closing one.
  private func skipText(from position: inout Int) -> ArraySlice<UInt8> {
    let start = position + 1
    position = start
    while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
      position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
    }
    return bytes[start..<min(position, bytes.count)]
  }
}
