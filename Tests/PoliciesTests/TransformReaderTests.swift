import Core
import Testing

@testable import Policies

@Suite("Rewriters in policies")
struct TransformReaderTests {
  private static let model = "kind: openai, url: 'https://rewriter.example/v1', model: r1"

  private func suite(_ more: String) -> String {
    smallPolicy.changing("{seeds: seeds.jsonl}", to: "{seeds: seeds.jsonl, \(more)}")
  }

  private func errors(_ more: String) throws -> [String] {
    try Workplace().errors(suite(more)).map { "\($0.message) \($0.remedy ?? "")" }
  }

  @Test("One rewriter serves all that name none, and each may have its own")
  func rewriters() throws {
    let policy = try Workplace().load(
      suite(
        "rewriter: {\(Self.model)}, transforms: [hex, past-tense, translate: {language: ja}, translate(de)+base64, "
          + "paraphrase: {\(Self.model), temperature: 0.5}, translate+rot13: {language: fr, \(Self.model)}]"))
    let transforms = policy.suite.transforms
    #expect(
      transforms.map(\.chain.name) == [
        "hex", "past-tense", "translate(ja)", "translate(de)+base64", "paraphrase", "translate(fr)+rot13",
      ])
    // The last has the suite's own model, written out again.
    #expect(transforms.map(\.rewriter?.name) == [nil, "suite", "suite", "suite", "paraphrase", "suite"])
    #expect(policy.suite.rewriters.map(\.role) == [.rewriter("suite"), .rewriter("paraphrase")])
    #expect(policy.places["targets.rewriter.paraphrase"] != nil)
    #expect(policy.checks.map(\.name).contains("replay.asr[transform=translate(ja)]"))
    #expect(try Workplace().load(suite("transforms: [past-tense: {\(Self.model)}]")).suite.rewriters.count == 1)
  }

  @Test("What is missing, useless or not what it takes is told with what to write")
  func mistakes() throws {
    for (more, expected) in [
      ("transforms: [past-tense]", "'past-tense' asks a model, and the policy names none Give suite.rewriter"),
      ("transforms: [translate: {language: ja}]", "'translate(ja)' asks a model, and the policy names none"),
      ("rewriter: {\(Self.model)}, transforms: [hex]", "suite.rewriter has nothing to rewrite"),
      ("rewriter: {\(Self.model)}", "suite.rewriter has nothing to rewrite"),
      ("transforms: [hex: {\(Self.model)}]", "'hex' asks no model, and names one"),
      ("rewriter: {\(Self.model)}, transforms: [translate]", "'translate' names no language"),
      ("transforms: [past-tense: {url: 'https://a.example/v1'}]", "the key 'kind' is missing"),
      ("transforms: [past-tense: {\(Self.model), kid: 3}]", "unknown key 'kid'"),
      (
        "transforms: [{past-tense: {\(Self.model)}, hex: {}}]",
        "must be a mapping of one name to its keys, and has 2 names"
      ),
      ("rewriter: {\(Self.model)}, transforms: [past-tense: 3]", "must be a mapping of keys, not a single value"),
      (
        "rewriter: {\(Self.model)}, transforms: [past-tense, past-tense: {\(Self.model), temperature: 0.1}]",
        "suite.transforms has 'past-tense' twice"
      ),
      ("rewriter: {kind: openai, model: r1}, transforms: [past-tense]", "the key 'url' is missing in suite.rewriter"),
    ] {
      let found = try errors(more)
      #expect(found.count == 1 && found[0].contains(expected), "\(more): \(found)")
    }
  }

  @Test("A stored policy says what blocked responses count as, with the overrides of its run")
  func blocked() {
    func counts(_ text: String, _ overrides: [String] = []) -> Bool {
      Policy.blocksAreRefusals(inText: text, overrides: overrides)
    }
    #expect(counts("version: 1\n") && counts("blocked: refusal\n") && !counts("blocked: missing\n"))
    #expect(
      !counts("version: 1\n", ["seed=3", "blocked=missing"]) && counts("blocked: missing\n", ["blocked=refusal"]))
    // What nobody can read counts nothing as known.
    #expect(!counts("blocked: [") && !counts("blocked: ${MODE}\n"))
  }
}
