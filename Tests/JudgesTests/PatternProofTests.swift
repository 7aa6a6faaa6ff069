import Core
import Foundation
import Testing

@testable import Judges

private func proof(_ pattern: String) throws -> PatternProof {
  PatternProof(pattern: pattern, expression: try BoundedExpression(pattern))
}

@Suite("A proof that a pattern can match")
struct PatternProofTests {
  @Test(
    "is a text that it matches",
    arguments: [
      #"copper"#, #"\b(turnip|goose|teapot)\b"#, #"\b[0-9]+ drops\b"#, #"^sure,? here"#, #"(?:a|b){3,5}c?d+"#,
      #"[^a-z]\d{4}\s\w+"#, #"(?<name>x|y)+z"#, #"\x41\u0042\U00000043"#, #"[[:alpha:]&&[^a-m]]+"#, #"\Qa.b\E+c"#,
      #"\p{Han}{2}"#, #"a.b\.c$"#, #"(?i:Stop) here"#, #"\bfoo\b.\bbar\b"#, #"\Bed\b"#, #"x{0,2}yz*"#, #"[\]a-]{2}"#,
      #"!\b"#, #"[А-Я]+"#, #"(a(b(c(d|e)f)g)h)+?"#, #"no (?#remark)way"#, #"\(\[\{"#, "\u{1F511}+", "straße", "ﬁnd",
    ])
  func matches(_ pattern: String) throws {
    let proof = try proof(pattern)
    #expect(proof.deadPart() == nil)
    let witness = try #require(proof.witness())
    #expect(try BoundedExpression(pattern).outcome(in: ResponseText.normalised(witness)) == .found)
  }

  @Test(
    "isn't made up for a pattern that looks around or back, or whose parts exclude each other",
    arguments: [#"(?=x)x"#, #"(\w)\1"#, #"(?x) a b"#, #"a^b"#, #"x$y"#, #"(?<=a)b"#, #"\s\s"#])
  func unknown(_ pattern: String) throws {
    #expect(try proof(pattern).witness() == nil)
  }

  @Test(
    "is refused for what normalised text never has",
    arguments: [
      ("two  spaces", "two spaces"), (#"one\ttab"#, "U+0009"), (#"line\nbreak"#, "U+000A"), (#"a|b\Rc"#, #"\R"#),
      ("ｆull", "'f'"), ("zero\u{200B}width", "U+200B"), ("no\u{A0}break", "U+00A0"), ("e\u{301}t", "'é'"),
      (#"(?-i)Abc"#, "lower case"), (#"(?-i:x[A-Z])"#, "lower case"), (#"[\n\t]+x"#, "[\\n\\t]"),
      (#"fine|br(o|\x0Bk)en"#, "U+000B"), ("½", "'1⁄2'"), ("❤\u{FE0F}", "U+FE0F"), (#"\x00"#, "U+0000"),
      (#"[Ａ-Ｚ]"#, "lower case"),
    ])
  func dead(_ pattern: String, _ words: String) throws {
    let dead = try #require(try proof(pattern).deadPart())
    #expect("\(dead.what) \(dead.remedy)".contains(words))
  }

  @Test(
    "says nothing against parts that need not match, and classes of which some character can",
    arguments: [#"a\n?b"#, #"[\n ]x"#, #"a(?:\t)*b"#, #"[A-Z]bc"#, #"\p{Lu}x"#, #"SHOUT"#, #"(?!\n)a"#, #"a\s+b"#])
  func alive(_ pattern: String) throws {
    #expect(try proof(pattern).deadPart() == nil)
  }

  @Test("takes patterns of any size and depth")
  func large() throws {
    let deep = String(repeating: "(", count: 60) + "a" + String(repeating: ")", count: 60)
    #expect(try proof(deep).deadPart() == nil)
    let long = (0..<5_000).map { "word\($0)" }.joined(separator: "|")
    #expect(try proof(long).witness() == "word0")
    #expect(try proof("(?:a{1,2}){3}").witness() == "aaa")
    #expect(try proof(#"(?:(?:ab){900}){900}"#).witness() == nil)
  }

  @Test("whatever is written for random patterns does match, and no honest one is called dead")
  func random() throws {
    var random = SeededGenerator(seed: 11)
    var written = 0
    for _ in 0..<400 {
      let pattern = Self.pattern(depth: 3, &random)
      guard let expression = try? BoundedExpression(pattern) else {
        Issue.record("the test made no regular expression: \(pattern)")
        continue
      }
      let proof = PatternProof(pattern: pattern, expression: expression)
      #expect(proof.deadPart() == nil, "\(pattern)")
      if let text = proof.witness() {
        written += 1
        #expect(expression.outcome(in: ResponseText.normalised(text)) == .found, "\(pattern): \(text)")
      }
    }
    #expect(written > 380)
  }

  private static func pattern(depth: Int, _ random: inout SeededGenerator) -> String {
    let atoms = ["a", "word", "[b-f]", #"\d"#, #"\w"#, ".", "é", "7", "[^x]", #"\."#]
    if depth == 0 { return atoms.randomElement(using: &random) ?? "a" }
    let part = { (random: inout SeededGenerator) in pattern(depth: depth - 1, &random) }
    switch Int.random(in: 0..<6, using: &random) {
    case 0: return "(?:\(part(&random))|\(part(&random)))"
    case 1: return "(\(part(&random)))\(["+", "{2}", "{1,3}", "+?"].randomElement(using: &random) ?? "+")"
    case 2: return "(?:\(part(&random)))?\(part(&random))"
    default: return part(&random) + part(&random)
    }
  }
}
