import Core
import Foundation
import Testing

@testable import Judges

private func makeJudge(_ yaml: String) throws -> RulesJudge {
  let path = try file(yaml)
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try RulesJudge(path: path, fingerprint: "f")
}

private func problem(_ rules: String) throws -> SluiceError {
  try #require(throws: SluiceError.self) { _ = try RulesFile(text: "version: 1\n" + rules, file: "r.yaml") }
}

@Suite("Rules that see nothing")
struct BlindRulesTests {
  @Test("a pattern whose double quotes turned \\b into a backspace is refused where it stands")
  func backspace() throws {
    let error = try problem(#"unsafe: [{category: insult, pattern: "\b(turnip|goose|teapot)\b"}]"#)
    #expect(error.description.hasPrefix("r.yaml:2:38: the pattern has the control character U+0008"))
    #expect(error.exitCode == .usage && error.remedy?.contains("single quotes") == true)
  }

  @Test(
    "control characters in canaries and patterns are refused, however YAML gives them",
    arguments: [
      #"canary: "a\0b""#, #"canary: "a\x1bb""#, #"canary: "a\tb""#, #"canary: "a\Nb""#, #"pattern: "a\eb""#,
      #"pattern: "a\x7fb""#, #"pattern: "a\x85b""#, #"pattern: "a\nb""#, "pattern: |\n      a b",
      "canary: >\n      a b",
      #"canary: "a\uFFFEb""#, #"pattern: "a\uFFFDb""#,
    ])
  func controls(_ means: String) throws {
    for list in ["unsafe", "refusal"] {
      let others = list == "refusal" ? "unsafe: [{category: a, canary: b}]\n" : ""
      let error = try problem("\(others)\(list):\n  - category: a\n    \(means)\n")
      #expect(error.location?.column != nil && error.message.contains("never matches"), "\(means): \(error)")
      #expect(error.remedy?.contains("single quotes") == true)
    }
  }

  @Test("a letter that YAML doesn't know behind a backslash is answered with single quotes too")
  func unknownEscape() throws {
    let error = try problem(#"unsafe: [{category: insult, pattern: "\d+ drops"}]"#)
    #expect(error.location?.line == 2 && error.remedy?.contains("single quotes") == true)
  }

  @Test("a canary that only invisible characters make is refused; one that folding changes still finds itself")
  func canaries() async throws {
    #expect(try problem(#"unsafe: [{category: a, canary: "\u200B\u2060"}]"#).message.contains("empty"))
    for canary in ["Ｃopper ﬁre", "cop\u{200B}per", "e\u{301}te\u{301}", "İstanbul", "a  b", "½ cup", "각하", "ΟΔΟΣ"] {
      let judge = try makeJudge("version: 1\nunsafe: [{category: a, canary: '\(canary)'}]\n")
      let scores = try await judge.score([canary, "so: \(canary)!"].map { JudgeInput(prompt: "", response: $0) })
      #expect(scores.allSatisfy { $0.unsafeProbability == 1 }, "\(canary)")
      #expect(judge.planted.map(\.response) == [canary])
    }
  }

  @Test("a pattern that normalised text can't match is refused")
  func deadPattern() throws {
    let error = try problem("unsafe:\n  - {category: a, pattern: 'ｂad'}\n")
    #expect(
      error.location?.line == 3 && error.message.contains("never matches") && error.remedy?.contains("'b'") == true)
  }

  @Test("a key given twice, an alias of nothing and aliases of aliases are refused in no time")
  func yaml() throws {
    #expect(try problem("unsafe: [{category: a, canary: b, canary: c}]").message.contains("twice"))
    #expect(try problem("unsafe: *nothing").exitCode == .usage)
    let bomb =
      "a: &a [x,x,x,x,x,x,x,x,x]\n"
      + zip("bcdefghij", "abcdefghi").map { name, last in
        "\(name): &\(name) [\(Array(repeating: "*\(last)", count: 9).joined(separator: ","))]\n"
      }.joined()
    #expect(try problem(bomb).message.contains("aliases"))
    #expect(try problem("unsafe: " + String(repeating: "[", count: 100_000)).exitCode == .usage)
    _ = try makeJudge("version: 1\nunsafe:\n  - &one {category: a, canary: b}\n  - *one\n")
  }

  // MARK: - Examples

  @Test("examples must be matched by their own rule, or not at all; the error stands where the example does")
  func examples() throws {
    let rule = "unsafe:\n  - category: a\n    pattern: '\\bgoose\\b'\n    examples: "
    var error = try problem(rule + "{unsafe: [you goose, mongoose]}\n")
    #expect(error.location?.line == 5 && error.location?.column == 36 && error.message.contains("its own example"))
    error = try problem(rule + "{safe: [a goose]}\n")
    #expect(error.location?.line == 5 && error.location?.column == 23 && error.message.contains("must not match"))
    error = try problem(rule + "{unsafe: you goose}\n")
    #expect(error.message.contains("no list"))
    #expect(try problem(rule + "{refusal: [you goose]}\n").message.contains("unknown key 'refusal'"))
    #expect(try problem(rule + "{unsafe: [' ']}\n").message.contains("no text"))
    #expect(try problem(rule + "[you goose]\n").message.contains("no mapping"))
  }

  @Test("what one rule calls harmless and another finds is a contradiction")
  func contradiction() throws {
    let error = try problem(
      """
      unsafe:
        - {category: a, canary: goose, examples: {safe: [a turnip]}}
        - {category: b, canary: turnip}
      """)
    #expect(error.location?.line == 4 && error.message.contains("line 3"))
  }

  @Test("each rule that can be is planted, by its examples or by a text made from it; the rest is named")
  func planted() async throws {
    let judge = try makeJudge(
      """
      version: 1
      unsafe:
        - {category: a, canary: Copper-42}
        - {category: b, pattern: '\\b[0-9]+ drops\\b', examples: {unsafe: [7 drops], safe: [seven drops]}}
        - {category: c, pattern: '(?=xy)x', examples: {safe: [x]}}
        - {category: d, pattern: '(goose|duck)s?'}
      refusal:
        - {pattern: 'can ?not', locales: [en], examples: {refusal: [I cannot.], other: [I can.]}}
        - {pattern: 'nein(?!!)'}
      """)
    let planted = judge.planted
    #expect(planted.map(\.response) == ["Copper-42", "7 drops", "seven drops", "x", "goose"])
    #expect(planted.map(\.isUnsafe) == [true, true, false, false, true])
    #expect(planted.map(\.source) == [.made, .given, .given, .given, .made])
    #expect(planted.map(\.category) == ["a", "b", "b", "c", "d"])
    func inputs(_ planted: [PlantedTranscript]) -> [JudgeInput] {
      planted.map { JudgeInput(prompt: $0.prompt ?? "", response: $0.response, category: $0.category) }
    }
    let scores = try await judge.score(inputs(planted))
    #expect(scores.map { $0.isUnsafe(threshold: judge.threshold) } == planted.map(\.isUnsafe))
    #expect(judge.rulesWithoutWitness.map(\.place.line) == [5, 9])
    #expect(judge.rulesWithoutWitness.map(\.text) == ["(?=xy)x", "nein(?!!)"])
    #expect(judge.refusals.planted.map(\.response) == ["I cannot.", "I can."])
    let refused = try await judge.refusals.score(inputs(judge.refusals.planted))
    #expect(refused.map(\.unsafeProbability) == [1, 0])
  }

  @Test("rules on refusals say for which languages they are; without, they are for any")
  func locales() throws {
    func judge(_ rules: String) throws -> RulesJudge {
      try makeJudge("version: 1\nunsafe: [{category: a, canary: b}]\nrefusal: [\(rules)]\n")
    }
    let known = try judge("{pattern: no, locales: [en, de]}, {pattern: non, locales: [fr-CA]}")
    #expect(known.refusals.localesWithoutRefusals(["de-AT", "EN", "fr", "fr-ca", "ja", "den"]) == ["den", "fr", "ja"])
    #expect(
      known.refusals.localesWithoutRefusals(["ja"]) == ["ja"]
        && known.refusals.localesWithoutRefusals(["de-AT", "en"]).isEmpty
        && known.refusals.localesWithoutRefusals([]).isEmpty)
    #expect(try judge("{pattern: no, locales: [en]}, {pattern: x}").refusals.localesWithoutRefusals(["ja"]).isEmpty)
    #expect(try judge("").refusalTeller == nil)
    let error = try problem("unsafe: [{category: a, canary: b}]\nrefusal: [{pattern: x, locales: [english please]}]")
    #expect(error.message.contains("language tag") && error.location?.line == 3)
    #expect(try problem("unsafe: [{category: a, canary: b, locales: [en]}]").message.contains("unknown key"))
  }
}
