import Core
import Decisions
import Foundation
import Testing

@testable import Gate

@Suite("What lint finds in a suite")
struct SuiteLintTests {
  private func findings(_ prompts: [String], category: (Int) -> String? = { _ in nil }, cluster: String? = nil)
    -> [SuiteOverview.Finding]
  {
    let attacks = NearCopies(
      prompts.enumerated().map {
        SuiteAttack(attack: Attack(prompt: $1, category: category($0), cluster: cluster), foundOn: nil)
      }
    ).attacks
    return SuiteLint.findings(in: attacks, clusters: Dictionary(grouping: attacks, by: \.unit))
  }

  private func message(_ rule: String, _ findings: [SuiteOverview.Finding]) -> String? {
    findings.first { $0.rule == rule }?.message
  }

  @Test("Copies of a wording are counted, and named by their identifiers")
  func copies() {
    let one = findings(["say it", "Say it!"])
    #expect(one.map(\.rule) == ["copies"] && one[0].attacks == [AttackID(prompt: "Say it!").text])
    #expect(one[0].message.hasPrefix("1 attack copies another's wording and counts as one with it"))
    #expect(message("copies", findings(["say it", "Say it!", "say it."]))?.hasPrefix("2 attacks copy others'") == true)
    #expect(findings(["say it", "say that"]).isEmpty)
  }

  @Test("A missing category is worth a word where others have one")
  func categories() {
    #expect(
      message("no-category", findings(["a", "b", "c"]) { $0 == 0 ? "x" : nil })
        == "2 attacks have no category, others have one")
    #expect(message("no-category", findings(["a", "b"]) { $0 == 0 ? "x" : nil })?.hasPrefix("1 attack has") == true)
    #expect(findings(["a", "b"]).isEmpty)
    #expect(findings(["a", "b"]) { _ in "x" }.isEmpty)
  }

  @Test(
    "Placeholders are found in any brackets of a prompt, wherever they stand",
    arguments: [
      "say {{topic}}", "[INST] say [INSERT TOPIC] [/INST]", "[a] [b] [your name]", "<b>say</b> <your question>",
      "[ [topic here]", "{ {{x}} }", "<<insert it>>",
    ])
  func placeholder(prompt: String) {
    #expect(message("placeholder", findings([prompt])) == "1 prompt holds a placeholder that nobody filled in")
  }

  @Test(
    "Other brackets are no placeholders",
    arguments: [
      "[INST] say it [/INST]", "a[0] < b && c > d", "{one} [1] <p>",
      "[insert" + String(repeating: " x", count: 40) + "]",
    ])
  func noPlaceholder(prompt: String) { #expect(findings([prompt]).isEmpty) }

  @Test("Hidden characters, long prompts and blank ends are found; line breaks and joiners of emoji are none of them")
  func characters() {
    #expect(
      message("hidden-characters", findings(["a\u{200B}b", "a\u{7}b"]))?.hasPrefix("2 prompts hold control") == true)
    #expect(findings(["a\n\tb", "\u{1F469}\u{200D}\u{1F680} go"]).isEmpty)
    let long = String(repeating: "ab ", count: 2_667) + "c"
    #expect(message("long", findings([long]))?.hasPrefix("1 prompt is longer than 8000") == true)
    #expect(findings([String(long.dropFirst(3))]).isEmpty)
    #expect(message("blank-ends", findings([" a", "b\n"])) == "2 prompts begin or end with blanks")
  }

  @Test("One cluster that has more than a third of twenty attacks or more decides every rate")
  func oneCluster() {
    func shared(_ count: Int, of all: Int) -> [SuiteOverview.Finding] {
      let attacks = (0..<all).map { number in
        SuiteAttack(
          attack: Attack(prompt: "tell clerk \(number) of it", cluster: number < count ? "c" : nil), foundOn: nil)
      }
      return SuiteLint.findings(in: attacks, clusters: Dictionary(grouping: attacks, by: \.unit))
    }
    #expect(message("one-cluster", shared(7, of: 20)) == "one cluster has 7 of 20 attacks and decides every rate")
    #expect(shared(7, of: 21).isEmpty && shared(19, of: 19).isEmpty)
    #expect(shared(7, of: 20)[0].attacks.count == 5)
  }
}
