import Core
import Testing

@Suite("What is kept of a long response")
struct CappedResponseTests {
  @Test("is never cut within a character, is marked as cut, and is no longer than the limit")
  func cuts() {
    for text in ["aé€𝔘", "𝔘𝔘𝔘", "\u{0}\u{301}é"] {
      for limit in 0...text.utf8.count {
        let kept = Response(text: text, completionTokens: 3).capped(at: limit)
        #expect(kept.text.utf8.count <= limit && kept.text.utf8.count > limit - 4)
        #expect(text.utf8.starts(with: kept.text.utf8) && !kept.text.unicodeScalars.contains("\u{FFFD}"))
        #expect(kept.isCut == (limit < text.utf8.count) && kept.completionTokens == 3)
      }
    }
  }

  @Test("has its own identity under a limit of its own; the usual limit changes none")
  func identity() {
    #expect(SamplingSettings(maxBytes: Response.usualMaxBytes) == SamplingSettings())
    #expect(SamplingSettings(maxBytes: 10) != SamplingSettings())
    let long = Response(
      text: String(repeating: "x", count: Response.usualMaxBytes + 1), finishReason: FinishReason.blocked)
    #expect(long.capped(at: nil).text.utf8.count == Response.usualMaxBytes)
    #expect(long.capped(at: nil).isBlocked, "what a filter stopped stays blocked")
  }
}
