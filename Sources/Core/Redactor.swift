/// Finds secrets in foreign text, however they are written there, and puts `[redacted]` in their place.
///
/// Looked for are a secret and its reverse: as they are, in other letters' case, with any punctuation, blanks or invisible
/// characters between, escaped (JSON, percent, HTML), in Base64 at any offset of a longer text, and in hexadecimal.
/// One pass over a text without any of them costs a few nanoseconds a byte.
public struct Redactor: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
  /// What stands where a secret was.
  public static let mark = "[redacted]"

  /// Bytes of the shortest secret that is looked for in every form: `EMPTY` and `none`, which some servers take for a key,
  /// would tear holes into ordinary words.
  public static let shortest = 8
  /// A short key with both letters and digits is no word: it is looked for as it is, alone between other characters.
  private static let shortestAlone = 4

  /// Letters and digits of each form, in lower case; none shorter than `shortest`.
  private let needles: [[UInt8]]
  /// The first `shortest` bytes of each, as one number, and a filter that nearly every other number fails.
  private let beginnings: Set<UInt64>
  private let filter: [UInt64]
  /// Looked for as they are: what has too few letters and digits.
  private let literals: [String]
  /// Looked for as words.
  private let words: [String]

  /// Hides every secret that is long enough to be told from ordinary text.
  public init(_ secrets: some Sequence<String> = []) {
    var needles: Set<[UInt8]> = []
    var literals: Set<String> = []
    var words: Set<String> = []
    for secret in Set(secrets) {
      let bytes = Array(secret.utf8)
      guard bytes.count >= Self.shortest else {
        let isWord = secret.contains(where: \.isLetter) && secret.contains(where: \.isNumber)
        if bytes.count >= Self.shortestAlone, isWord { words.insert(secret) }
        continue
      }
      let forms = [bytes, bytes.reversed()].flatMap { Self.forms(of: $0) }
      for form in forms where form.count >= Self.shortest { needles.insert(form) }
      if Self.reduced(bytes).count < Self.shortest { literals.formUnion([secret, String(secret.reversed())]) }
    }
    self.init(needles: Array(needles), literals: Array(literals), words: Array(words))
  }

  /// Whether there is nothing to hide.
  public var isEmpty: Bool { needles.isEmpty && literals.isEmpty && words.isEmpty }

  /// The text without secrets.
  public func redacted(_ text: String) -> String {
    guard mayHold(text.utf8) else { return text }
    let bytes = Array(text.utf8)
    var hidden = [Bool](repeating: false, count: bytes.count)
    for view in [Self.plainView(bytes), Self.decodedView(bytes)] {
      for needle in needles { Self.hide(needle, in: view, &hidden) }
    }
    for literal in literals { Self.hide(Array(literal.utf8), in: bytes, &hidden) { _, _ in true } }
    for word in words {
      Self.hide(Array(word.utf8), in: bytes, &hidden) { start, end in
        (start == 0 || !Self.isAlphanumeric(bytes[start - 1]))
          && (end == bytes.count || !Self.isAlphanumeric(bytes[end]))
      }
    }
    guard hidden.contains(true) else { return text }
    var result: [UInt8] = []
    for index in bytes.indices {
      if !hidden[index] {
        result.append(bytes[index])
      } else if index == 0 || !hidden[index - 1] {
        result += Self.mark.utf8
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// What a text is shown as that says which thing is meant: a secret in it stands as 32 bits of the text's hash, enough to
  /// tell two apart and too little to give one away.
  public func hashed(_ text: String) -> String {
    let shown = redacted(text)
    if shown == text { return text }
    let hash = String(hexadecimal: StableHash.fnv1a(text.utf8)).suffix(8)
    return shown.replacing(Self.mark, with: "[redacted #\(hash)]")
  }

  /// Every text of a document, keys included.
  public func redacted(_ json: JSON) -> JSON {
    if isEmpty { return json }
    return switch json {
    case .string(let text): .string(redacted(text))
    case .array(let values): .array(values.map(redacted))
    case .object(let members): .object(members.map { JSON.Member(redacted($0.key), redacted($0.value)) })
    default: json
    }
  }

  /// The texts of a JSON document, everything else byte for byte as it was.
  public func redacted(json document: [UInt8]) -> [UInt8] {
    guard mayHold(document) else { return document }
    var result: [UInt8] = []
    var index = 0
    while index < document.count {
      guard document[index] == UInt8(ascii: "\"") else {
        result.append(document[index])
        index += 1
        continue
      }
      var end = index + 1
      while end < document.count, document[end] != UInt8(ascii: "\"") {
        end += document[end] == UInt8(ascii: "\\") ? 2 : 1
      }
      let literal = Array(document[index..<min(end + 1, document.count)])
      if let text = try? JSON(foreign: literal).string, case let shown = redacted(text), shown != text {
        result += JSON.string(shown).serialized().utf8
      } else {
        result += literal
      }
      index += literal.count
    }
    return result
  }

  /// Also without these.
  public func union(_ secrets: some Sequence<String>) -> Redactor {
    union(Redactor(secrets))
  }

  /// Hides the secrets of both.
  public func union(_ other: Redactor) -> Redactor {
    if other.isEmpty { return self }
    return Redactor(
      needles: needles + other.needles, literals: literals + other.literals, words: words + other.words)
  }

  private init(needles: [[UInt8]], literals: [String], words: [String]) {
    self.needles = Array(Set(needles)).sorted {
      $0.count != $1.count ? $0.count > $1.count : $0.lexicographicallyPrecedes($1)
    }
    self.literals = Set(literals).sorted()
    self.words = Set(words).sorted()
    beginnings = Set(self.needles.map { Self.number($0.prefix(Self.shortest)) })
    var filter = [UInt64](repeating: 0, count: beginnings.isEmpty ? 0 : 64)
    for beginning in beginnings {
      let place = Self.place(beginning)
      filter[place >> 6] |= 1 << UInt64(place & 63)
    }
    self.filter = filter
  }

  public var description: String { "(secrets)" }
  public var customMirror: Mirror { Mirror(self, children: []) }

  // MARK: - Finding

  /// Whether it is worth looking closer: false is certain.
  public func mayHold(_ text: some Collection<UInt8>) -> Bool {
    if isEmpty { return false }
    if !literals.isEmpty || !words.isEmpty { return true }
    return text.withContiguousStorageIfAvailable(scan) ?? scan(Array(text))
  }

  private func scan(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBufferPointer(scan) }

  private func scan(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    var window: UInt64 = 0
    var isEscaped = false
    for byte in bytes {
      let letter = Self.letter(byte)
      if letter == 0 {
        if byte == UInt8(ascii: "%") || byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "&") { isEscaped = true }
        continue
      }
      window = window << 8 | UInt64(letter)
      if isBeginning(window) { return true }
    }
    guard isEscaped else { return false }
    window = 0
    for letter in Self.decodedView(Array(bytes)).letters {
      window = window << 8 | UInt64(letter)
      if isBeginning(window) { return true }
    }
    return false
  }

  private func isBeginning(_ window: UInt64) -> Bool {
    let place = Self.place(window)
    return filter[place >> 6] & (1 << UInt64(place & 63)) != 0 && beginnings.contains(window)
  }

  private static func place(_ number: UInt64) -> Int {
    Int(truncatingIfNeeded: (number &* 0x9E37_79B9_7F4A_7C15) >> 52)
  }

  private static func number(_ bytes: some Sequence<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }

  /// A text as it is searched: its letters and digits, and where each came from.
  private struct View {
    var letters: [UInt8] = []
    var sources: [Range<Int>] = []

    mutating func add(_ byte: UInt8, from source: Range<Int>) {
      let letter = Redactor.letter(byte)
      if letter == 0 { return }
      letters.append(letter)
      sources.append(source)
    }
  }

  private static func plainView(_ bytes: [UInt8]) -> View {
    var view = View()
    for (index, byte) in bytes.enumerated() { view.add(byte, from: index..<index + 1) }
    return view
  }

  /// The text with its escapes read, also where one is written by another (`%2573`).
  private static func decodedView(_ bytes: [UInt8]) -> View {
    var units = bytes.enumerated().map { (byte: $1, source: $0..<$0 + 1) }
    for _ in 0..<3 {
      var decoded: [(byte: UInt8, source: Range<Int>)] = []
      decoded.reserveCapacity(units.count)
      var index = 0
      while index < units.count {
        let (byte, length) = escape(at: index) { $0 < units.count ? units[$0].byte : nil }
        if length > 1 {
          let source = units[index].source.lowerBound..<units[index + length - 1].source.upperBound
          if let byte { decoded.append((byte, source)) }
        } else {
          decoded.append(units[index])
        }
        index += length
      }
      let isStable = decoded.count == units.count
      units = decoded
      if isStable { break }
    }
    var view = View()
    for unit in units { view.add(unit.byte, from: unit.source) }
    return view
  }

  /// What an escape stands for, and how many bytes it has; 1 for what is none. Nil for what can be no part of a secret.
  private static func escape(at index: Int, _ byte: (Int) -> UInt8?) -> (UInt8?, Int) {
    /// Nil where there are not so many digits.
    func hexadecimal(_ start: Int, _ count: Int) -> UInt32? {
      var value: UInt32 = 0
      for place in start..<start + count {
        guard let digit = byte(place).flatMap({ Character(Unicode.Scalar($0)).hexDigitValue }) else { return nil }
        value = value << 4 | UInt32(digit)
      }
      return value
    }
    func ascii(_ value: UInt32) -> UInt8? { value < 0x80 ? UInt8(value) : nil }
    switch byte(index) {
    case UInt8(ascii: "%"):
      return hexadecimal(index + 1, 2).map { (ascii($0), 3) } ?? (byte(index), 1)
    case UInt8(ascii: "\\"):
      switch byte(index + 1) {
      case UInt8(ascii: "u"): return hexadecimal(index + 2, 4).map { (ascii($0), 6) } ?? (byte(index), 1)
      case UInt8(ascii: "x"): return hexadecimal(index + 2, 2).map { (ascii($0), 4) } ?? (byte(index), 1)
      // A line feed, a tab: the letter is not the text's.
      case UInt8(ascii: "n"), UInt8(ascii: "t"), UInt8(ascii: "r"), UInt8(ascii: "b"), UInt8(ascii: "f"):
        return (nil, 2)
      default: return (byte(index), 1)
      }
    case UInt8(ascii: "&"):
      guard byte(index + 1) == UInt8(ascii: "#") else { return (byte(index), 1) }
      var place = index + 2
      let isHexadecimal = byte(place).map { $0 | 0x20 == UInt8(ascii: "x") } ?? false
      if isHexadecimal { place += 1 }
      var value = 0
      let start = place
      while place - start < 7, let digit = byte(place).flatMap({ Character(Unicode.Scalar($0)).hexDigitValue }) {
        if !isHexadecimal && digit > 9 { break }
        value = value * (isHexadecimal ? 16 : 10) + digit
        place += 1
      }
      guard place > start, byte(place) == UInt8(ascii: ";") else { return (byte(index), 1) }
      return (value < 0x80 ? UInt8(value) : nil, place + 1 - index)
    default: return (byte(index), 1)
    }
  }

  private static func hide(_ needle: [UInt8], in view: View, _ hidden: inout [Bool]) {
    guard view.letters.count >= needle.count else { return }
    var start = 0
    while start + needle.count <= view.letters.count {
      if view.letters[start] == needle[0], view.letters[start..<start + needle.count].elementsEqual(needle) {
        let range = view.sources[start].lowerBound..<view.sources[start + needle.count - 1].upperBound
        for index in range { hidden[index] = true }
        start += needle.count
      } else {
        start += 1
      }
    }
  }

  private static func hide(
    _ needle: [UInt8], in bytes: [UInt8], _ hidden: inout [Bool], where isMeant: (_ start: Int, _ end: Int) -> Bool
  ) {
    guard let first = needle.first, bytes.count >= needle.count else { return }
    for start in 0...bytes.count - needle.count where bytes[start] == first {
      let end = start + needle.count
      if bytes[start..<end].elementsEqual(needle), isMeant(start, end) {
        for index in start..<end { hidden[index] = true }
      }
    }
  }

  // MARK: - Forms

  /// A letter or digit in lower case; 0 for anything else.
  @inline(__always)
  private static func letter(_ byte: UInt8) -> UInt8 {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"): byte
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte | 0x20
    default: 0
    }
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool { letter(byte) != 0 || byte >= 0x80 }

  private static func reduced(_ bytes: some Sequence<UInt8>) -> [UInt8] { bytes.map(letter).filter { $0 != 0 } }

  private static func forms(of bytes: [UInt8]) -> [[UInt8]] {
    let digits = Array("0123456789abcdef".utf8)
    let hexadecimal = bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    let forms = [reduced(bytes), hexadecimal] + (0..<3).map { reduced(base64(bytes, offset: $0)) }
    return forms + forms.map { $0.reversed() }
  }

  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  /// What of the Base64 of a text depends on `bytes` alone, where they stand at `offset` modulo 3 in it.
  private static func base64(_ bytes: [UInt8], offset: Int) -> [UInt8] {
    let padded = [UInt8](repeating: 0, count: offset) + bytes
    var result: [UInt8] = []
    for digit in 0..<(padded.count * 8 / 6) {
      let bit = digit * 6
      // A digit that holds bits of what is before belongs to that too.
      if bit < offset * 8 { continue }
      let high = Int(padded[bit / 8]) << 8 | (bit / 8 + 1 < padded.count ? Int(padded[bit / 8 + 1]) : 0)
      result.append(alphabet[(high >> (10 - bit % 8)) & 63])
    }
    return result
  }
}
