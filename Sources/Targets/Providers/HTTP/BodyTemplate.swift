import Core

/// The JSON body of a request, with places for what is asked.
///
/// `{{name}}` stands for a JSON value, in quotes or not: values go in when the document has been read, so that nothing in a
/// prompt can end its string. Within a longer text it stands for a text.
struct BodyTemplate: Hashable, Sendable {
  /// What a place stands for.
  enum Place: String, CaseIterable, Sendable {
    case prompt, messages, system, session, model, temperature
    case topP = "top_p"
    case maxTokens = "max_tokens"
    case seed

    static let names = allCases.map { "{{\($0.rawValue)}}" }.joined(separator: ", ")
  }

  /// Why a text is no template.
  struct Mistake: Error, Hashable {
    let message: String
    /// Both from 1; the column counts bytes.
    let line: Int
    let column: Int
  }

  /// A text in pieces, or another value with texts in it.
  private indirect enum Node: Hashable, Sendable {
    case value(Place)
    case text([Piece])
    case array([Node])
    case object([Member])
    /// Anything without places, as it is written.
    case literal([UInt8])
  }

  private struct Member: Hashable, Sendable {
    let key: String
    let value: Node
  }

  private enum Piece: Hashable, Sendable {
    case text(String)
    case place(Place)
  }

  /// As the policy writes it.
  let text: String
  private let root: Node
  let places: Set<Place>

  /// - Throws: `Mistake` for what is no JSON, and for places that aren't known or can't be where they are.
  init(_ text: String) throws(Mistake) {
    self.text = text
    let (document, insertions) = Self.quotingPlaces(in: Array(text.utf8))
    let json: JSON
    do {
      json = try JSON(parsing: document)
    } catch let error as JSONSyntaxError {
      let shift = insertions.count { $0.line == error.line && $0.column < error.column }
      throw Mistake(message: error.message, line: error.line, column: error.column - shift)
    } catch {
      throw Mistake(message: "\(error)", line: 1, column: 1)
    }
    var places: Set<Place> = []
    do {
      root = try Self.node(json, &places)
    } catch {
      throw Mistake(error, in: text)
    }
    self.places = places
  }

  /// The body with values in all places.
  func bytes(_ value: (Place) -> JSON) -> [UInt8] {
    Self.filled(root, value).serializedBytes()
  }

  private static func filled(_ node: Node, _ value: (Place) -> JSON) -> JSON {
    switch node {
    case .value(let place): value(place)
    case .text(let pieces):
      .string(
        pieces.map { piece in
          switch piece {
          case .text(let text): text
          case .place(let place): text(value(place))
          }
        }.joined())
    case .array(let nodes): .array(nodes.map { filled($0, value) })
    case .object(let members): .object(members.map { JSON.Member($0.key, filled($0.value, value)) })
    case .literal(let bytes): (try? JSON(parsing: bytes)) ?? .null
    }
  }

  /// A value within a text.
  private static func text(_ value: JSON) -> String { value.string ?? (value.isNull ? "" : value.serialized()) }

  // MARK: - Reading

  /// What is wrong about a place, and how it is written.
  fileprivate struct Misplaced: Error {
    let message: String
    let written: String
  }

  private static func node(_ json: JSON, _ places: inout Set<Place>) throws(Misplaced) -> Node {
    switch json {
    case .string(let text): return try node(text, &places)
    case .array(let values):
      var nodes: [Node] = []
      for value in values { nodes.append(try node(value, &places)) }
      return .array(nodes)
    case .object(let members):
      var nodes: [Member] = []
      for member in members {
        if member.key.contains("{{") {
          throw Misplaced(message: "a key can't be a place", written: member.key)
        }
        nodes.append(Member(key: member.key, value: try node(member.value, &places)))
      }
      return .object(nodes)
    default: return .literal(json.serializedBytes())
    }
  }

  private static func node(_ text: String, _ places: inout Set<Place>) throws(Misplaced) -> Node {
    var pieces: [Piece] = []
    var rest = text[...]
    while let open = rest.firstRange(of: "{{") {
      guard let close = rest[open.upperBound...].firstRange(of: "}}") else {
        throw Misplaced(message: "'{{' is never closed", written: "{{")
      }
      let name = rest[open.upperBound..<close.lowerBound]
      let trimmed = String(name.filter { $0 != " " })
      guard let place = Place(rawValue: trimmed) else {
        throw Misplaced(
          message: "there is no {{\(trimmed.prefix(40))}}: there are \(Place.names)", written: "{{" + name)
      }
      places.insert(place)
      if open.lowerBound > rest.startIndex { pieces.append(.text(String(rest[..<open.lowerBound]))) }
      pieces.append(.place(place))
      rest = rest[close.upperBound...]
    }
    if !rest.isEmpty || pieces.isEmpty { pieces.append(.text(String(rest))) }
    if pieces.count == 1, case .place(let place) = pieces[0] { return .value(place) }
    guard !pieces.contains(.place(.messages)) else {
      throw Misplaced(message: "{{messages}} is a list and can't be part of a text", written: "{{messages}}")
    }
    return .text(pieces)
  }

  /// Puts quotes around places that stand outside of strings, and says where.
  private static func quotingPlaces(in text: [UInt8]) -> (document: [UInt8], insertions: [(line: Int, column: Int)]) {
    var document: [UInt8] = []
    var insertions: [(line: Int, column: Int)] = []
    var (line, column) = (1, 1)
    var (isInString, isBare) = (false, false)
    var index = 0
    func insert() {
      document.append(UInt8(ascii: "\""))
      insertions.append((line, column))
      column += 1
    }
    func starts(with pair: StaticString) -> Bool {
      text[index...].starts(with: UnsafeBufferPointer(start: pair.utf8Start, count: pair.utf8CodeUnitCount))
    }
    func copy(_ count: Int) {
      for byte in text[index..<min(text.count, index + count)] {
        document.append(byte)
        (line, column) = byte == UInt8(ascii: "\n") ? (line + 1, 1) : (line, column + 1)
      }
      index += count
    }
    while index < text.count {
      if isInString {
        if text[index] == UInt8(ascii: "\"") { isInString = false }
        copy(text[index] == UInt8(ascii: "\\") ? 2 : 1)
      } else if isBare, starts(with: "}}") {
        copy(2)
        insert()
        isBare = false
      } else if !isBare, starts(with: "{{") {
        insert()
        copy(2)
        isBare = true
      } else {
        if !isBare, text[index] == UInt8(ascii: "\"") { isInString = true }
        copy(1)
      }
    }
    return (document, insertions)
  }
}

extension BodyTemplate.Mistake {
  /// - Parameter text: the template, in which the place is looked for.
  fileprivate init(_ misplaced: BodyTemplate.Misplaced, in text: String) {
    let before = text.firstRange(of: misplaced.written).map { text[..<$0.lowerBound] } ?? text.prefix(0)
    let lines = before.split(separator: "\n", omittingEmptySubsequences: false)
    self.init(
      message: misplaced.message, line: max(1, lines.count), column: (lines.last?.utf8.count ?? 0) + 1)
  }
}

extension BodyTemplate {
  /// The prompt as the whole document.
  static let prompt = BodyTemplate(.value(.prompt), [.prompt], text: "{{prompt}}")

  private init(_ root: Node, _ places: Set<Place>, text: String) {
    (self.root, self.places, self.text) = (root, places, text)
  }
}
