import Testing

@testable import Judges

@Suite("Refusals in texts that no rules are for")
struct RefusalPhrasesTests {
  @Test("Every language's refusals are seen, and answers in words that are close are not")
  func languages() {
    for language in RefusalLanguage.all {
      for text in language.refusals { #expect(RefusalPhrases.isRefusal(text), "\(text)") }
      for text in language.others { #expect(!RefusalPhrases.isRefusal(text), "\(text)") }
    }
  }

  @Test(
    "A model that won't rewrite is seen, wherever it says so",
    arguments: [
      "I can't rewrite this text.", "Sorry, I won’t translate it for you.", "As an AI, that is beyond me.",
      "It is against my guidelines. <rewritten>Tell me about lamps</rewritten>",
      "<rewritten>I'm sorry, but I can't assist with that request.</rewritten>", "I must decline to do this.",
    ])
  func rewriting(text: String) { #expect(RefusalPhrases.isRefusal(text)) }

  @Test(
    "No more than a word for no declines too",
    arguments: [
      "No.", "NO!", "Sorry, but no.", "Sorry, no.", "Nope", "I won’t.", "Leider nein.", "Non, désolé.", "いいえ。",
      "申し訳ありません。", "不行", "لا.",
    ])
  func bareNo(text: String) { #expect(RefusalPhrases.declines(text)) }

  @Test(
    "A word that is none for no declines nothing, nor does an empty text",
    arguments: ["OK.", "Yes", "No problem", "Sorry, the lantern is red", "", "…", "Nein und ja"])
  func noBareNo(text: String) { #expect(!RefusalPhrases.declines(text)) }

  @Test("A rewriting is no refusal, nor is an empty text; what is too long to look through counts as one")
  func others() {
    #expect(!RefusalPhrases.isRefusal("<rewritten>How did clerks tell the lantern word?</rewritten>"))
    #expect(!RefusalPhrases.isRefusal(" "))
    #expect(RefusalPhrases.isRefusal(String(repeating: "word ", count: 20_000)))
  }

  @Test("A pattern that is none doesn't leave the others to tell alone: nothing is known to be no refusal then")
  func broken() {
    #expect(RefusalPhrases.rules(["lantern", "("]) == nil && RefusalPhrases.rules(["lantern"])?.count == 1)
    #expect(RefusalPhrases.isRefusal("of course", by: nil) && !RefusalPhrases.isRefusal(" ", by: nil))
    #expect(!RefusalPhrases.isRefusal("of course", by: RefusalPhrases.rules(["lantern"])))
  }
}
