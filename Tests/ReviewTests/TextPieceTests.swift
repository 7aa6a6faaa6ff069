import Testing

@testable import Review

@Suite("Texts of any length, made fit to be shown")
struct TextPieceTests {
  /// All pieces, one after the other.
  private func pieces(_ text: String) -> [TextPiece] {
    var all = [TextPiece(text)]
    while let next = all.last?.next { all.append(TextPiece(text, from: next)) }
    return all
  }

  @Test("Pieces put together are the text, wherever characters lie across their ends")
  func whole() {
    for text in ["", "a", String(repeating: "é😀x\n", count: 9_000), String(repeating: "語", count: 6_666) + "ab語語"] {
      let all = pieces(text)
      #expect(all.map(\.text).joined() == text)
      #expect(all.allSatisfy { $0.bytes == text.utf8.count && $0.text.utf8.count <= TextPiece.size + 4 })
    }
  }

  @Test("Ten megabytes begin at once and end after so many pieces")
  func huge() {
    let text = String(repeating: "0123456789", count: 1_000_000)
    let first = TextPiece(text)
    #expect(first.text.count == TextPiece.size && first.next == TextPiece.size && first.bytes == 10_000_000)
    let last = TextPiece(text, from: 9_999_990)
    #expect(last.text == "0123456789" && last.next == nil)
    #expect(TextPiece(text, from: 20_000_000).text == "" && TextPiece(text, from: -5).text == first.text)
  }

  @Test("Markup stays text; what reorders, hides or drives a terminal is written out; lines stay")
  func hazards() {
    let text = "<script>alert(1)</script>\n\u{202E}evil\u{2066}\u{200B}\u{1B}[31m\u{7}\u{0}\tend"
    #expect(
      TextPiece(text).text
        == #"<script>alert(1)</script>"# + "\n" + #"\u{202E}evil\u{2066}\u{200B}\u{1B}[31m\u{7}\u{0}"# + "\tend")
  }
}
