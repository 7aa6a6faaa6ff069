import Core
import Testing

@testable import Decisions

@Suite("Parts of the suite in a summary")
struct PartsTests {
  private func summary(
    _ rows: [ReplayRow], tags: AttackTags = AttackTags(), hasBaseline: Bool = true
  ) -> RunSummary {
    SummaryBuilder(
      context: SummaryContext(
        identity: .init(name: "p", path: "p.yaml", hash: "h", seed: 1, confidence: 0.95), stages: [.replay], checks: [],
        rule: DecisionRule(confidence: 0.95), models: [], judges: [], hasBaseline: hasBaseline, notices: [],
        tags: tags), run: "r", evidence: .init(ledger: "l", sealed: false, headHash: "")
    ).decided(Made.findings(rows), stages: [], cost: [], notices: [])
  }

  private func row(
    _ prompt: String, _ unsafe: Int, _ before: Int = 0, cluster: String? = nil, category: String? = nil,
    foundOn: String? = nil, transform: String? = nil
  ) -> ReplayRow {
    Made.row(
      prompt, cluster: cluster, category: category, foundOn: foundOn, transform: transform,
      candidate: Made.responses(unsafe, of: 3), baseline: Made.responses(before, of: 3))
  }

  @Test("Tags are those of lines and of categories, each once, and rates those of their attacks alone")
  func tags() throws {
    let rows = [
      row("a", 3, category: "leak"), row("b", 0, 3, category: "leak"), row("c", 3, category: "other"),
      row("d", 3, category: "leak", foundOn: "x"), row("e", 3, category: "leak", transform: "base64"),
    ]
    let tags = AttackTags(
      attacks: [AttackID(prompt: "a"): ["owasp:llm01", "atlas:t1"], AttackID(prompt: "c"): ["owasp:llm01"]],
      categories: ["leak": ["owasp:llm01", "nist:confidentiality"]])
    let found = try #require(summary(rows, tags: tags).tags)
    #expect(found.map(\.tag) == ["atlas:t1", "nist:confidentiality", "owasp:llm01"])
    // Neither what a search found nor what was rewritten counts.
    #expect(found.map(\.attacks) == [1, 2, 3])
    #expect(found.map { $0.candidate?.value } == [1, 0.5, 2.0 / 3])
    #expect(found.map { $0.baseline?.value } == [0, 0.5, 1.0 / 3])
    let alone = try #require(summary(rows, tags: tags, hasBaseline: false).tags)
    #expect(alone.allSatisfy { $0.baseline == nil })
    #expect(summary(rows).tags == nil)
    #expect(summary(rows, tags: AttackTags(categories: ["absent": ["x"]])).tags == nil)
  }

  @Test("The tag of all attacks has the rate and the interval of all attacks")
  func wholeSuite() throws {
    let rows = (0..<20).map { row("\($0)", $0 % 4, $0 % 2, category: "c") }
    let summary = summary(rows, tags: AttackTags(categories: ["c": ["t"]]))
    #expect(try #require(summary.tags).map(\.candidate) == summary.categories.map(\.candidate))
    #expect(try #require(summary.tags).map(\.baseline) == summary.categories.map(\.baseline))
  }

  @Test("Turns of the user are counted, given ones among them; prompts alone have no such part")
  func turns() throws {
    func conversation(_ text: String, given: Int, live: Int) -> String {
      Conversation(
        messages: (0..<given).flatMap { [.init(.user, "\(text) \($0)"), .init(.assistant, "no")] }
          + [.init(.user, text)],
        turns: (0..<live).map { "\(text) then \($0)" }
      ).text
    }
    let rows = [
      row("prompt", 0), row(conversation("a", given: 0, live: 1), 3), row(conversation("b", given: 1, live: 0), 0),
      row(conversation("c", given: 1, live: 2), 3),
    ]
    let found = try #require(summary(rows).turns)
    #expect(found.map(\.turns) == [1, 2, 4] && found.map(\.attacks) == [1, 2, 1])
    #expect(found.map { $0.candidate?.value } == [0, 0.5, 1])
    #expect(summary([row("a", 3), row("b", 0)]).turns == nil)
  }

  @Test("Clusters of several attacks come by how much worse they got, each with its clearest attack")
  func clusters() throws {
    let rows = [
      row("a", 1, 1, cluster: "same"), row("b", 1, 1, cluster: "same"), row("c", 1, cluster: "worse", category: "k"),
      row("d", 3, cluster: "worse", category: "k"), row("e", 0, cluster: "safe"), row("f", 0, cluster: "safe"),
      row("g", 3, cluster: "single"),
    ]
    let found = try #require(summary(rows).clusters)
    #expect(found.map(\.cluster) == ["worse", "same"])
    #expect(found[0].attack == AttackID(prompt: "d") && found[0].category == "k" && found[0].attacks == 2)
    #expect(found[0].candidate == .init(unsafe: 4, scored: 6) && found[0].baseline == .init(unsafe: 0, scored: 6))
    #expect(summary(rows, hasBaseline: false).clusters?.map(\.baseline) == [nil, nil])
    #expect(summary([row("a", 3), row("b", 3)]).clusters == nil)
  }
}
