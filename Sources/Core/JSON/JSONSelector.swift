/// Where in a JSON document something is: a JSON Pointer (RFC 6901), or a JSONPath (RFC 9535) of names, indexes and wildcards.
public struct JSONSelector: Hashable, Sendable, CustomStringConvertible {
  /// Why a text selects nothing that is known.
  public struct Mistake: Error, Hashable, Sendable {
    /// What of the text isn't understood, for an error that names the key.
    public let message: String
    /// The character that is wrong, from 1.
    public let position: Int
  }

  private enum Step: Hashable, Sendable {
    case name(String)
    /// The element of an array, counted from the end where it is negative.
    case index(Int)
    /// A pointer's reference token that is digits: the index of an array, or the name of a member.
    case nameOrIndex(String, Int)
    case all
  }

  private let text: String
  private let steps: [Step]

  public var description: String { text }

  /// The whole document.
  public static let whole = JSONSelector()

  private init() { (text, steps) = ("", []) }

  /// - Parameter text: `/answer/0/text`, or `$.answer[0].text`; empty for the whole document.
  /// - Throws: `Mistake` for anything else, and for what of JSONPath is not understood (`..`, slices, lists, filters).
  public init(_ text: String) throws(Mistake) {
    self.text = text
    let characters = Array(text)
    if characters.first == "$" {
      steps = try Self.path(characters)
    } else if characters.isEmpty || characters.first == "/" {
      steps = try Self.pointer(characters)
    } else {
      throw Mistake(message: "it begins with neither '/' (JSON Pointer) nor '$' (JSONPath)", position: 1)
    }
  }

  /// The values that it selects, in the order of the document; empty where it selects none.
  public func values(in document: JSON) -> [JSON] {
    steps.reduce([document]) { values, step in values.flatMap { Self.values(step, of: $0) } }
  }

  private static func values(_ step: Step, of value: JSON) -> [JSON] {
    switch step {
    case .name(let name): [value[name]].compactMap(\.self)
    case .index(let index): [element(index, of: value)].compactMap(\.self)
    case .nameOrIndex(let name, let index): [value[name] ?? element(index, of: value)].compactMap(\.self)
    case .all: value.array ?? value.members?.map(\.value) ?? []
    }
  }

  private static func element(_ index: Int, of value: JSON) -> JSON? {
    guard let array = value.array else { return nil }
    let place = index < 0 ? array.count + index : index
    return array.indices.contains(place) ? array[place] : nil
  }

  // MARK: - JSON Pointer

  private static func pointer(_ characters: [Character]) throws(Mistake) -> [Step] {
    var steps: [Step] = []
    var place = 0
    while place < characters.count {
      place += 1  // the slash
      var token = ""
      while place < characters.count, characters[place] != "/" {
        if characters[place] == "~" {
          place += 1
          switch place < characters.count ? characters[place] : " " {
          case "0": token += "~"
          case "1": token += "/"
          default: throw Mistake(message: "'~' is written ~0, and '/' within a name ~1", position: place)
          }
        } else {
          token.append(characters[place])
        }
        place += 1
      }
      steps.append(number(token).map { .nameOrIndex(token, $0) } ?? .name(token))
    }
    return steps
  }

  /// An index as both notations write it: digits without a needless 0 before them.
  private static func number(_ text: some StringProtocol) -> Int? {
    guard !text.isEmpty, text.allSatisfy({ $0.isASCII && $0.isNumber }), text == "0" || text.first != "0" else {
      return nil
    }
    return Int(text)
  }

  // MARK: - JSONPath

  private static func path(_ characters: [Character]) throws(Mistake) -> [Step] {
    var steps: [Step] = []
    var place = 1
    func next(_ offset: Int = 0) -> Character? {
      place + offset < characters.count ? characters[place + offset] : nil
    }
    while let character = next() {
      switch character {
      case ".":
        place += 1
        if next() == "." { throw Mistake(message: "'..' is not understood: write every step", position: place + 1) }
        if next() == "*" {
          steps.append(.all)
          place += 1
        } else {
          let name = characters[place...].prefix { $0 != "." && $0 != "[" }
          guard let first = name.first, isNameStart(first), name.allSatisfy({ isNameStart($0) || $0.isNumber }) else {
            throw Mistake(message: "a name is expected here; others than words stand as ['…']", position: place + 1)
          }
          steps.append(.name(String(name)))
          place += name.count
        }
      case "[":
        place += 1
        steps.append(try bracket(characters, &place))
        guard next() == "]" else {
          throw Mistake(
            message: "']' is expected here: lists, slices and filters are not understood", position: place + 1)
        }
        place += 1
      default: throw Mistake(message: "'.' or '[' is expected here", position: place + 1)
      }
    }
    return steps
  }

  private static func isNameStart(_ character: Character) -> Bool {
    character == "_" || character.isLetter || !character.isASCII
  }

  /// What stands in brackets, without the closing one.
  private static func bracket(_ characters: [Character], _ place: inout Int) throws(Mistake) -> Step {
    guard place < characters.count else { throw Mistake(message: "'[' is never closed", position: place) }
    switch characters[place] {
    case "*":
      place += 1
      return .all
    case "'", "\"": return .name(try quoted(characters, &place))
    default:
      let start = place
      let digits = characters[place...].prefix { $0 == "-" || $0.isASCII && $0.isNumber }
      let isNegative = digits.first == "-"
      guard let value = number(String(digits.dropFirst(isNegative ? 1 : 0))), !(isNegative && value == 0) else {
        throw Mistake(
          message: "an index, a name in quotes or '*' is expected here: filters are not understood", position: start + 1
        )
      }
      place += digits.count
      return .index(isNegative ? -value : value)
    }
  }

  private static func quoted(_ characters: [Character], _ place: inout Int) throws(Mistake) -> String {
    let (opening, start) = (characters[place], place)
    place += 1
    var name = ""
    while place < characters.count {
      let character = characters[place]
      place += 1
      if character == opening { return name }
      guard character == "\\" else {
        name.append(character)
        continue
      }
      guard place < characters.count, characters[place] == opening || characters[place] == "\\" else {
        throw Mistake(message: "only the quote itself and '\\' are escaped", position: place)
      }
      name.append(characters[place])
      place += 1
    }
    throw Mistake(message: "the quote is never closed", position: start + 1)
  }
}
