import Core
import Testing

@testable import Suites

@Suite("Tables as text")
struct SeparatedValuesTests {
  private func rows(_ text: String, _ separator: Character = ",") throws -> [[String]] {
    try SeparatedValues.rows(Array(text.utf8), separator: separator.asciiValue ?? 0, file: "t.csv").map(\.fields)
  }

  @Test("Quoted fields keep separators, doubled quotes and line breaks, as RFC 4180 has them")
  func quoting() throws {
    #expect(
      try rows("a,\"b,c\",\"say \"\"x\"\"\"\r\n\"two\nlines\",,z\r\n") == [
        ["a", "b,c", "say \"x\""], ["two\nlines", "", "z"],
      ])
  }

  @Test("The last row may end without a line break; blank lines are none; a lone quoted nothing is blank")
  func ends() throws {
    #expect(try rows("a,b\n\n1,2") == [["a", "b"], ["1", "2"]])
    #expect(try rows("a,b\n1,") == [["a", "b"], ["1", ""]])
    #expect(try rows("a\n\"\"\nb\n") == [["a"], ["b"]])
  }

  @Test("A quote inside an unquoted field is text, as spreadsheets write inches")
  func innerQuote() throws { #expect(try rows("a,5\" nail\n") == [["a", "5\" nail"]]) }

  @Test("Records know the line that they begin on, line breaks in fields counted")
  func lines() throws {
    let records = try SeparatedValues.records(
      Array("p,c\n\"one\ntwo\",x\nthree,y\n".utf8), separator: UInt8(ascii: ","), file: "t.csv")
    #expect(records.map(\.place.line) == [2, 4])
    #expect(records.map { $0.label("p") } == ["one\ntwo", "three"])
  }

  @Test(
    "Malformed tables are told with the line of the mistake",
    arguments: [
      ("a,b\n1\n", "t.csv:2: the row has 1 field, and the header 2"),
      ("a,b\n1,2,3\n", "t.csv:2: the row has 3 fields, and the header 2"),
      ("a,b\n1,\"2\n3,4\n", "t.csv:2: the quote that opens a field on this line is never closed"),
      ("a,b\n1,\"2\"3\n", "t.csv:2: text follows the closing quote of the field that began on line 2"),
      ("a,a\n1,2\n", "t.csv:1: two columns are called 'a'"),
    ])
  func mistakes(text: String, problem: String) {
    let error = #expect(throws: SluiceError.self) {
      try SeparatedValues.records(Array(text.utf8), separator: UInt8(ascii: ","), file: "t.csv")
    }
    #expect(error?.description.hasPrefix(problem) == true, "\(String(describing: error))")
  }

  @Test("The separator is the one that the header has most of, quoted ones aside")
  func separators() {
    #expect(SeparatedValues.separator(of: Array("a;b;\"c,d,e,f\"\n".utf8)) == UInt8(ascii: ";"))
    #expect(SeparatedValues.separator(of: Array("a\tb\n1,2,3,4\n".utf8)) == UInt8(ascii: "\t"))
    #expect(SeparatedValues.separator(of: Array("prompt\n".utf8)) == nil)
  }
}
