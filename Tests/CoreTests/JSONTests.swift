import Testing

@testable import Core

@Suite("JSON is read strictly")
struct JSONTests {
  func parse(_ text: String) throws -> JSON { try JSON(parsing: Array(text.utf8)) }

  @Test(
    "and written again as it was",
    arguments: [
      "null", "true", "[]", "{}", "[1,-2,0]", "1.5", "[[],[{}]]", #"{"b":1,"a":{"c":[null,false]}}"#,
      #""a\"\\\n\r\t\u0001é🙂""#, "9223372036854775807", "-9223372036854775808",
    ])
  func roundTrip(text: String) throws {
    #expect(try parse(text).serialized() == text)
    #expect(try parse(parse(text).serialized(indent: 2)).serialized() == text)
  }

  @Test("escapes stand for their characters")
  func escapes() throws {
    #expect(try parse(#""\ud83d\ude42\u00e9\/\b\f""#).string == "🙂é/\u{8}\u{c}")
    #expect(try parse(" \t\r\n[ 1 , 2.5e3 ] ").array?.compactMap(\.double) == [1, 2500])
    #expect(try parse("123456789012345678901234567890").integer == nil)
    #expect(try parse("1e2").integer == nil)
  }

  @Test("keys that differ in any byte stay apart")
  func keys() throws {
    let object = try parse("{\"\u{e9}\":1,\"e\u{301}\":2}")
    #expect(object["\u{e9}"]?.integer == 1)
    #expect(object["e\u{301}"]?.integer == 2)
  }

  @Test("objects of many members are as strict as those of few", arguments: [1, 15, 16, 17, 18, 40])
  func manyMembers(count: Int) throws {
    let members = (0..<count).map { "\"k\($0)\":\($0)" }
    let object = try parse("{" + members.joined(separator: ",") + "}")
    #expect((0..<count).allSatisfy { object["k\($0)"]?.integer == $0 } && object["k\(count)"] == nil)
    for again in [0, count - 1] {
      let twice = "{" + (members + ["\"k\(again)\":-1"]).joined(separator: ",") + "}"
      #expect(throws: JSONSyntaxError.self) { try parse(twice) }
      let lenient = try JSON(foreign: Array(twice.utf8))
      #expect(lenient.members?.count == count && lenient["k\(again)"]?.integer == -1)
    }
  }

  @Test(
    "and refused with its place",
    arguments: [
      ("", 1, 1), ("[1,]", 1, 4), ("[1 2]", 1, 4), ("{\"a\" 1}", 1, 6), ("{a:1}", 1, 2), ("{\"a\":1,}", 1, 8),
      ("01", 1, 1), ("-", 1, 1), ("1.", 1, 1), ("1e", 1, 1), ("1e999", 1, 1), (".5", 1, 1), ("+1", 1, 1), ("NaN", 1, 1),
      ("nul", 1, 1), ("truefalse", 1, 5), ("\"a", 1, 1), ("\"\\x\"", 1, 2), ("\"\\ud800\"", 1, 2),
      ("\"\\ud800\\u0041\"", 1, 2), ("\"\\udc00\"", 1, 2), ("\"\\u12g4\"", 1, 6), ("\"a\nb\"", 1, 3), ("[\n1\n", 3, 1),
      ("{\"a\":1,\n \"a\":2}", 2, 2), ("[]\n\n  x", 3, 3), ("\u{feff}{}", 1, 1), ("//c\n1", 1, 1),
    ])
  func refusals(text: String, line: Int, column: Int) {
    let error = #expect(throws: JSONSyntaxError.self) { try parse(text) }
    #expect(error?.line == line)
    #expect(error?.column == column)
  }

  @Test(
    "invalid UTF-8 is refused, in strings and outside", arguments: [[0x22, 0xff, 0x22], [0x22, 0xc3, 0x22], [0xff]])
  func invalidUTF8(bytes: [UInt8]) {
    #expect(throws: JSONSyntaxError.self) { try JSON(parsing: bytes) }
  }

  @Test("nesting and the number of values are bounded")
  func limits() throws {
    #expect(throws: Never.self) { try parse(String(repeating: "[", count: 64) + String(repeating: "]", count: 64)) }
    for opening in ["[", "{\"a\":"] {
      let error = #expect(throws: JSONSyntaxError.self) { try parse(String(repeating: opening, count: 1_000_000)) }
      #expect(error?.message == "nested deeper than 64")
    }
    let many = Array("[1,2,3]".utf8)
    #expect(throws: JSONSyntaxError.self) { try JSON(parsing: many, limits: JSON.Limits(values: 3)) }
    #expect(throws: Never.self) { try JSON(parsing: many, limits: JSON.Limits(values: 4)) }
  }

  @Test("a key that is there twice is named without its control characters")
  func controlCharacters() {
    let error = #expect(throws: JSONSyntaxError.self) { try parse("{\"\\u001b[2J\":1,\"\\u001b[2J\":2}") }
    #expect(error?.message == "the key '?[2J' is there twice")
  }
}

@Suite("JSON of other programs is read with their slips")
struct ForeignJSONTests {
  private func parse(_ text: String) throws -> JSON { try JSON(foreign: Array(text.utf8)) }

  @Test("half a character is replaced, in escapes and in bytes, and what is around it is kept")
  func halfCharacters() throws {
    let texts = [
      (#""a\ud83d""#, "a\u{fffd}"), (#""\ud83d\ud83d\ude42b""#, "\u{fffd}🙂b"), (#""\ude42c""#, "\u{fffd}c"),
      (#""\ud83d\n""#, "\u{fffd}\n"), (#""\ud83d\u0041""#, "\u{fffd}A"), (#""\ud83d\ude42""#, "🙂"),
    ]
    for (text, value) in texts { #expect(try parse(text).string == value, "\(text)") }
    #expect(try JSON(foreign: [0x22, 0x61, 0xf0, 0x9f, 0x98, 0x22]).string == "a\u{fffd}")
  }

  @Test("numbers that JSON has no word for are read as Python writes them")
  func numbers() throws {
    let values = try parse("[NaN, Infinity, -Infinity, 1e999, -1e999, -2]").array?.compactMap(\.double) ?? []
    #expect(values.count == 6 && values[0].isNaN)
    #expect(Array(values.dropFirst()) == [.infinity, -.infinity, .infinity, -.infinity, -2])
  }

  @Test("a byte order mark, control characters and a key that is there twice do no harm: the last value counts")
  func otherSlips() throws {
    let object = try parse("\u{feff}{\"a\":\"x\ty\nz\",\"b\":1,\"b\":2,\"c\":3}")
    #expect(object["a"]?.string == "x\ty\nz")
    #expect(object["b"]?.integer == 2 && object.members?.count == 3)
  }

  @Test("a key that is there twice is refused where a verdict rests on it")
  func repeats() throws {
    let bytes = Array(#"{"a":[{"b":1,"b":1}]}"#.utf8)
    #expect(throws: JSONSyntaxError.self) { try JSON(foreign: bytes, refusesRepeats: true) }
    #expect(try JSON(foreign: Array(#"{"b":NaN,"a":{"b":1}}"#.utf8), refusesRepeats: true).members?.count == 2)
  }

  @Test(
    "what has no meaning is refused here too",
    arguments: [
      "", "{", "[1,]", "nan", "-", "-Inf", "Infinit", "{\"a\":1} x", "\"a", "'a'", "\"\\ud83d\\u12g4\"", "01", "+1",
      "[1 2]",
    ])
  func refusals(text: String) {
    #expect(throws: JSONSyntaxError.self) { try parse(text) }
  }

  @Test("bounds hold")
  func bounds() throws {
    #expect(throws: JSONSyntaxError.self) { try parse(String(repeating: "[", count: 100)) }
    #expect(throws: JSONSyntaxError.self) { try JSON(foreign: Array("[1,2,3]".utf8), limits: JSON.Limits(values: 3)) }
  }

  @Test("any bytes end in a value or an error")
  func anyBytes() {
    var generator = SeededGenerator(seed: 5)
    let alphabet = Array("{}[]\",:\\u0dD8cC9eE-+.NaInfity\n ".utf8) + [0xc3, 0xff, 0xf0]
    for _ in 0..<3000 {
      let bytes = (0..<Int(generator.next() % 24)).map { _ in alphabet[Int(generator.next() % UInt64(alphabet.count))] }
      let strict = try? JSON(parsing: bytes)
      let foreign = try? JSON(foreign: bytes)
      // Whatever is read strictly is read the same.
      if let strict { #expect(foreign?.serialized() == strict.serialized()) }
    }
  }
}
