import Testing

@testable import Core

@Suite("Reasons in words")
struct OutcomeWordsTests {
  @Test(
    "The number of tries goes, and nothing else",
    arguments: [
      ("HTTP 500 (3 tries)", "HTTP 500"), ("HTTP 500 (12 tries): broken (1 tries) twice", "HTTP 500: broken twice"),
      (" (1 tries)", ""), ("a (1 tries) (2 tries)b", "ab"), ("", ""), (" ", " "), ("HTTP 500", "HTTP 500"),
      ("HTTP 500 ( tries)", "HTTP 500 ( tries)"), ("HTTP 500 (3 tries", "HTTP 500 (3 tries"),
      ("( (4 tries)", "("), (" ( (4 tries)", " ("),
      ("  (4 tries)", " "), ("überlastet (9 tries) 🔥", "überlastet 🔥"), ("(3 tries)", "(3 tries)"),
    ])
  func tries(_ reason: String, _ shown: String) {
    #expect(OutcomeWords.shown(reason) == shown)
    // As the pattern has it.
    #expect(shown == reason.replacing(#/ \([0-9]+ tries\)/#, with: ""))
  }
}
