import Core
import Foundation
import Testing

@testable import Policies

@Suite("YAML that is broken or hostile")
struct HostileYAMLTests {
  private let place: Workplace

  init() throws { place = try Workplace() }

  private func problem(_ text: String) throws -> String { try place.problems(text).joined(separator: "; ") }

  @Test(
    "Broken YAML is told with line and column",
    arguments: [
      ("version: 1\nname: a\nname: b\n", "2:1: the key 'name' is given twice in one mapping"),
      (
        "version: 1\nfresh: {similarity: 1, similarity: 2}\n", "2:9: the key 'similarity' is given twice in one mapping"
      ),
      ("version: 1\n\tname: a\n", "2:1: not YAML: found a tab character that violates indentation"),
      ("version: 1\nname: \"a\n", "3:1: not YAML: found unexpected end of stream"),
      ("version: 1\nname: [a\n", "3:1: not YAML: did not find expected ',' or ']'"),
      ("version: 1\n---\nversion: 1\n", "2:1: a second YAML document starts here"),
      ("version: 1\nname: *nobody\n", "2:7: not YAML: found undefined alias"),
      ("version: 1\n[a, b]: c\n", "2:1: a key must be plain text"),
      ("version: 1\nname: a\u{7}b\n", "2:8: not YAML: a control character"),
      ("- 1\n", "1:1: the policy must be a mapping of keys, not a list"),
      ("hello", "1:1: the policy must be a mapping of keys, not a single value"),
      ("", "1:1: the policy is empty"),
      ("# only a comment\n", "1:1: the policy is empty"),
      ("---\n...\n", "1:1: the policy is empty"),
      ("\n\n", "1:1: the policy is empty"),
    ])
  func broken(_ text: String, _ expected: String) throws {
    let problem = try problem(text)
    #expect(problem == expected)
  }

  @Test("A tab in the indentation and ${VAR} in braces get the remedy that helps")
  func remedies() throws {
    #expect(
      try place.errors("version: 1\n\tname: a\n")[0].remedy == "Indent with spaces: this line has a tab.")
    #expect(
      try place.errors("version: 1\ntargets: {a: ${URL}, b: 1}\n")[0].remedy?.contains("put ${VAR} in quotes") == true)
  }

  @Test("Bytes that are no UTF-8 are told with line and column")
  func notText() throws {
    try place.write(Array("version: 1\nname: é".utf8) + [0xff, 0x0a], to: "policy.yaml")
    do {
      _ = try Policy.load(path: place.policyPath, environment: [:])
      Issue.record("the policy was accepted")
    } catch let error as PolicyErrors {
      #expect(error.errors.map(\.message) == ["the policy is not UTF-8"])
      #expect(error.errors.first?.location?.line == 2 && error.errors.first?.location?.column == 8)
    }
  }

  @Test("A policy of more than a mebibyte isn't read")
  func tooLarge() throws {
    let text = smallPolicy + "#" + String(repeating: "x", count: 1 << 20)
    #expect(try problem(text).hasSuffix("the policy is larger than 1048576 bytes"))
  }

  @Test("A mebibyte of comment is a long policy, not a bomb")
  func longComment() throws {
    let comment = "# " + String(repeating: "all is well ", count: 85_000) + "\n"
    #expect(try place.load(comment + smallPolicy).name == "small")
  }

  @Test("Bombs are refused at once", .timeLimit(.minutes(1)), arguments: Bomb.allCases)
  func bombs(_ bomb: Bomb) throws {
    let began = ContinuousClock.now
    let problems = try place.problems(bomb.text)
    #expect(problems.count == 1 && problems[0].contains("too deep or too large"), "\(problems.prefix(3))")
    // What is let through to the composer by mistake takes minutes; what is refused takes milliseconds.
    #expect(ContinuousClock.now - began < .seconds(10))
  }

  @Test("A bomb in an override is refused as well")
  func bombInOverride() throws {
    let text = "name=" + String(repeating: "[", count: 100) + String(repeating: "]", count: 100)
    #expect(
      try place.problems(smallPolicy, overrides: [text]) == [
        "--set name: the YAML is too deep or too large once its aliases are followed"
      ])
  }

  @Test("Many uses of one anchor are fine, for they multiply nothing")
  func manyAliases() throws {
    let names = (0..<60).map { "    t\($0): *model" }.joined(separator: "\n")
    let text = smallPolicy.changing(
      "{candidate: {kind: local, checkpoint: new}}",
      to: "\n  candidate: &model {kind: local, checkpoint: new}\n  transfer:\n\(names)")
    #expect(try place.load(text).transfer.count == 60)
  }

  enum Bomb: String, CaseIterable {
    case laughs, quadratic, deepBrackets, deepDashes, deepQuestions, deepLines, keys, wide

    var text: String {
      switch self {
      case .laughs:
        "a0: &a0 [x, x]\n"
          + (1...40).map { "a\($0): &a\($0) [*a\($0 - 1), *a\($0 - 1)]\n" }.joined()
      case .quadratic:
        "a: &a [" + String(repeating: "x,", count: 5000) + "x]\nb: ["
          + String(repeating: "*a,", count: 5000) + "*a]\n"
      case .deepBrackets: String(repeating: "[", count: 500) + String(repeating: "]", count: 500)
      case .deepDashes: String(repeating: "- ", count: 200_000)
      case .deepQuestions: String(repeating: "? ", count: 200_000)
      case .deepLines: (0..<700).map { String(repeating: " ", count: $0) + "a:\n" }.joined()
      case .keys:
        "a0: &a0 [x, x]\n"
          + (1...40).map { "a\($0): &a\($0) {? [*a\($0 - 1), *a\($0 - 1)] : 1}\n" }.joined()
      case .wide: "a: [" + String(repeating: "1,", count: 300_000) + "1]\n"
      }
    }
  }

  @Test("Hostile keys that nest within the bounds don't stall the composer", .timeLimit(.minutes(1)))
  func nestedKeys() throws {
    var text = "x"
    for _ in 0..<90 { text = "{\(text): x}" }
    let began = ContinuousClock.now
    #expect(try !place.problems("? \(text)\n: 1\n").isEmpty)
    #expect(ContinuousClock.now - began < .seconds(10))
  }

  @Test("Truncated at any byte, a policy is refused or read; nothing crashes")
  func truncations() throws {
    let bytes = Array(fullPolicy.utf8)
    var accepted = 0
    for length in 0..<bytes.count where parses(Array(bytes[..<length])) { accepted += 1 }
    // Whole are only: up to the end of the first check (and its line break and the next line's two spaces), of the
    // second one (and its line break), of the sections tuning and report (likewise), and all but the last line break.
    #expect(accepted == 4 + 2 + 2 * 2 + 1)
  }

  @Test("With any byte changed, inserted or removed, nothing crashes, and every error has a remedy and exit code 64")
  func mutations() throws {
    let bytes = Array(fullPolicy.utf8)
    let indicators = Array("{}[]:,-?&*!|>'\"%@`#\t\n ~$<\u{0}\u{7f}".utf8) + [0x80, 0xc3, 0xff]
    var random = SeededGenerator(seed: 20, stream: "mutations")
    for _ in 0..<3000 {
      var mutated = bytes
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let at = Int.random(in: 0..<mutated.count, using: &random)
        let byte = Bool.random(using: &random) ? indicators.randomElement(using: &random) : mutated[at] ^ 0x20
        switch Int.random(in: 0..<3, using: &random) {
        case 0: mutated[at] = byte ?? 0
        case 1: mutated.insert(byte ?? 0, at: at)
        default: mutated.remove(at: at)
        }
      }
      _ = parses(mutated)
    }
  }

  private func parses(_ bytes: [UInt8]) -> Bool {
    do {
      _ = try Policy.parse(bytes, path: place.policyPath, environment: [:], checksFiles: false)
      return true
    } catch let error as PolicyErrors {
      #expect(!error.errors.isEmpty && error.errors.allSatisfy { $0.exitCode == .usage && $0.remedy != nil })
    } catch {
      Issue.record("\(error) for \(String(decoding: bytes, as: UTF8.self))")
    }
    return false
  }
}
