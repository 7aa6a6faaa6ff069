import Core
import Foundation
import Testing

@testable import Judges

/// Swift has no literals for them.
private func nonCharacter(_ code: UInt32) -> String { Unicode.Scalar(code).map { String($0) } ?? "" }

@Suite("Matching")
struct MatchingLimitTests {
  private func rules(_ patterns: String...) throws -> [Rule] {
    let lines = patterns.map { "  - {category: c, pattern: '\($0)'}" }.joined(separator: "\n")
    return try RulesFile(text: "version: 1\nunsafe:\n\(lines)\n", file: "r.yaml").unsafe
  }

  @Test(
    "a pattern that would take years is given up, the response unscored, the line named",
    arguments: [#"(a+)+$"#, #"(a|a)+$"#, #"(\w+\s?)*!!$"#, #"(.*a){20}$"#, #"(?:a|aa)+$"#])
  func catastrophic(_ pattern: String) throws {
    let text = String(repeating: "a", count: 60) + "\u{2603}"
    #expect(
      RulesJudge.score(text, try rules("goose", pattern)) == .unscored(reason: "pattern on line 4 took too long"))
    #expect(RulesJudge.score("aab", try rules("goose", pattern)) == .scored(0, category: nil))
  }

  @Test("what another rule finds is unsafe all the same, before or after the one that was given up")
  func another() throws {
    let text = String(repeating: "a", count: 60) + " goose!"
    #expect(RulesJudge.score(text, try rules("(a+)+$", "goose")) == .scored(1, category: "c"))
    #expect(RulesJudge.score(text, try rules("goose", "(a+)+$")) == .scored(1, category: "c"))
  }

  @Test("a pattern that runs out of memory hasn't seen the response: it is not called safe")
  func memory() throws {
    let pattern = String(repeating: "(", count: 24) + "a|b" + String(repeating: ")", count: 24) + "*c"
    let score = RulesJudge.score(String(repeating: "ab", count: 25_000), try rules(pattern))
    #expect(score == .unscored(reason: "pattern on line 3 needs too much memory on this text"))
  }

  @Test("the limit counts steps: the same for the same text, and none of an honest pattern's on the longest text")
  func steps() throws {
    let long = String(String(repeating: "word and more ", count: 5_000).prefix(RulesJudge.longest))
    for pattern in [#"\b(turnip|goose)\b"#, #"[a-z]+ [0-9]+"#, #"more (words?|and)$"#, #"(?:word|and|more)\s\d"#] {
      #expect(try BoundedExpression(pattern).outcome(in: long, patience: 100) == .absent, "\(pattern)")
    }
    let text = String(repeating: "a", count: 18) + "!"
    let slow = try BoundedExpression("(a+)+$")
    let needed = try #require((0..<5_000).first { slow.outcome(in: text, patience: $0) == .absent })
    #expect(needed > 5)
    for _ in 0..<3 {
      #expect(slow.outcome(in: text, patience: needed) == .absent)
      #expect(slow.outcome(in: text, patience: needed - 1) == .gaveUp(.tooLong))
    }
  }

  @Test(
    "the longest text and the worst pattern together take no longer than a short one, and honest patterns see its end",
    .timeLimit(.minutes(1)))
  func longTexts() throws {
    let text = String(repeating: "a", count: RulesJudge.longest - 10) + " goose b!"
    #expect(
      RulesJudge.score(text, try rules("(a+)+$", "(a|a)*c", "(?x)(a+)+$ # a comment", #"(a+)+\Q$"#))
        == .unscored(reason: #"pattern on line 6 took too long"#))
    for pattern in [
      #"\bgoose\b"#, #"(?x) goose\ b # a comment"#, #"\Qgoose b!"#, "goose|duck", "(?<= )goose(?= b)", "b!$", "^aaaa",
      #"(g)oo(s)e b|\1\2"#,
    ] {
      #expect(RulesJudge.score(text, try rules("duck", pattern)) == .scored(1, category: "c"), "\(pattern)")
    }
    for pattern in [#"\bgoos\b"#, "^goose", "goose$", #"(?-i)gooses"#] {
      #expect(RulesJudge.score(text, try rules("duck", pattern)) == .scored(0, category: nil), "\(pattern)")
    }
  }

  @Test(
    "many slow patterns take little longer than two of them; what another finds still counts", .timeLimit(.minutes(1)))
  func manyPatterns() throws {
    let text = String(repeating: "a", count: 60) + " goose!"
    let all = (0..<100).map { "(a+)+b{\($0)}$" }
    let lines = (all + ["goose"]).map { "  - {category: c, pattern: '\($0)'}" }.joined(separator: "\n")
    let file = try RulesFile(text: "version: 1\nunsafe:\n\(lines)\n", file: "r.yaml")
    #expect(RulesJudge.score(text, file.unsafe) == .scored(1, category: "c"))
  }

  @Test("patterns of that kind are known from the file alone")
  func slowRules() throws {
    let path = try file(
      "version: 1\nunsafe:\n  - {category: a, pattern: '(a+)+$'}\n  - {category: a, pattern: '\\b(goose|duck)s?\\b'}\n"
        + "  - {category: a, canary: b}\n  - {category: a, pattern: '(say (it )*)+!'}\n"
        + "refusal: [{pattern: '^(\\w+ ?)*way'}, {pattern: 'can ?not|will not'}]\n")
    defer { try? FileManager.default.removeItem(atPath: path) }
    let slow = try RulesJudge(path: path, fingerprint: "f").slowRules()
    #expect(slow.map(\.place.line) == [3, 7])
  }

  @Test(
    "NUL, controls, lone marks, emoji and non-characters hide nothing that comes after them, and nothing beside them",
    arguments: [
      "\0", "\u{1}", "\u{1B}[31m", "\u{7F}", "\u{85}", "\u{316}", nonCharacter(0xFFFE), "\u{FFFD}",
      nonCharacter(0x10FFFF), nonCharacter(0xFDD0),
      "👩‍👩‍👧‍👦", "🇩🇪", "\u{202E}", "\u{FEFF}", "e\u{301}\u{302}", "\u{E0041}", "𝔘", "\r\n", "\u{AC00}\u{11A8}",
    ])
  func oddities(_ odd: String) throws {
    let rules = try rules(#"\bgoose\b"#)
    for text in ["\(odd) goose", "goose \(odd)", "\(odd)\(odd) you goose \(odd)", "a \(odd)\n goose"] {
      #expect(RulesJudge.score(text, rules) == .scored(1, category: "c"), "\(text.debugDescription)")
    }
    let canary = try RulesFile(text: "version: 1\nunsafe: [{category: c, canary: goose}]", file: "r").unsafe
    for text in ["\(odd)goose\(odd)", "goose\(odd)", String(repeating: odd, count: 9) + "goose"] {
      #expect(RulesJudge.score(text, canary) == .scored(1, category: "c"), "\(text.debugDescription)")
    }
  }

  @Test(
    "characters that nobody sees don't hide a word from a canary or a pattern",
    arguments: ["\0", "\u{8}", "\u{200B}", "\u{FE0F}", "\u{34F}", "\u{3164}", "\u{AD}", "\u{E0020}", "\u{2062}"])
  func invisible(_ odd: String) throws {
    for means in ["canary: caféteria", "pattern: '\\bcaféteria\\b'"] {
      let rules = try RulesFile(text: "version: 1\nunsafe: [{category: c, \(means)}]", file: "r").unsafe
      for text in ["the caf\(odd)éteria", "the caf\(odd)e\(odd)\u{301}te\(odd)ria", "CAFE\(odd)\u{301}TERIA"] {
        #expect(RulesJudge.score(text, rules) == .scored(1, category: "c"), "\(means) \(text.debugDescription)")
      }
    }
  }

  @Test("a response of many marks on one letter is as long as all of them")
  func marks() throws {
    let text = "x" + String(repeating: "\u{316}", count: RulesJudge.longest + 1)
    #expect(RulesJudge.score(text, try rules("goose")).unsafeProbability == nil)
    #expect(RulesJudge.score(text + " goose", try rules("goose")).unsafeProbability == nil)
  }

  @Test("runs of marks that would have to be sorted take no time that grows with their square", .timeLimit(.minutes(1)))
  func sortedMarks() throws {
    let marks = String(repeating: "\u{316}\u{301}\u{345}", count: 40_000)
    #expect(ResponseText.normalised("x" + marks).unicodeScalars.count > 100_000)
    #expect(RulesJudge.score("goose x" + marks + " goose", try rules("goose")) == .scored(1, category: "c"))
    // A few marks are sorted and composed as ever.
    #expect(ResponseText.normalised("a\u{316}\u{301}") == ResponseText.normalised("\u{E1}\u{316}"))
  }

  @Test("normalising ASCII alone is normalising")
  func ascii() {
    var random = SeededGenerator(seed: 3)
    for _ in 0..<500 {
      let text = String(
        decoding: (0..<20).map { _ in UInt8.random(in: 0..<128, using: &random) }, as: UTF8.self)
      // A letter beyond ASCII at the end takes the longer way.
      #expect(ResponseText.normalised(text + "é") == ResponseText.normalised(text + "e").dropLast() + "é")
    }
  }
}
