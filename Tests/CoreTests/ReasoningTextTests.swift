import Core
import Testing

@Suite("A response without an answer")
struct ReasoningTextTests {
  @Test("is one that is empty or nothing but reasoning, and never a blocked one")
  func whyUnanswered() {
    let without: [(String, String)] = [
      ("", "stop"), (" \n", "length"), ("", "reasoning"), ("<think>a", "stop"), ("<think>a</think> ", "stop"),
      ("a</think>", "length"), ("", "tool_calls"), ("\u{200B}\u{FEFF} \u{0}", "stop"),
      ("<think>a</think>\u{2060}", "stop"), ("\u{E0068}\u{E0069}", "stop"),
    ]
    for (text, finish) in without {
      #expect(Response(text: text, finishReason: finish).whyUnanswered != nil, "\(text) \(finish)")
      #expect(Response(text: text, finishReason: "content_filter").whyUnanswered == nil)
    }
    for text in ["No.", "<think>a</think>No.", "a</think>No.", "See <think>.", "think>", "\u{200B}1", "👍", "…"] {
      for finish in ["stop", "length", "unknown"] {
        #expect(Response(text: text, finishReason: finish).whyUnanswered == nil, "\(text)")
      }
    }
  }

  @Test("is recognised by the marks of its reasoning as bytes, so that no combining character hides one")
  func combining() {
    #expect(Response(text: "<think>a</think>\u{301}No.").answer == "\u{301}No.")
    #expect(Response(text: "<think>\u{301}a").hasOnlyReasoning)
  }

  @Test("is split at the last mark that closes its reasoning, wherever that is")
  func split() {
    let answers: [(String, String)] = [
      ("<think>a</think>b</think> c", " c"), ("  <think>a</think>é", "é"), ("a</think>", ""),
      ("[THINK]a</think>b[/THINK]c", "b[/THINK]c"), ("<thinking>a</thinking>b", "b"),
      ("say <think> and </think>", "say <think> and </think>"),
      ("<|channel|>analysis<|message|>a<|channel|>final<|message|>b", "b"), ("1 < 2 [sic]", "1 < 2 [sic]"),
      ("</thin", "</thin"), ("<", "<"), ("<think>", ""), ("日本<</think>語", "語"),
    ]
    for (text, answer) in answers { #expect(Response(text: text).answer == answer, "\(text)") }
    #expect(Reasoning.closings(in: "a</think>b</think></thought>") == 3)
    #expect(Reasoning.closings(in: "<think></thin") == 0)
  }
}
