import Core
import Policies
import Testing

@testable import Suites

@Suite("Suites that are damaged anywhere are accepted or refused with a place, nothing else")
struct DamagedSuiteTests {
  private static let csv = "Prompt,Category\n\"say \"\"lamp\"\"\",a\n\"two\nlines\",b\n"
  private static let json =
    "{\"seeds\": [{\"value\": \"say lamp\"}, {\"value\": \"say oil\"}], \"harm_categories\": [\"a\"]}"
  private static let yaml = "harm_categories: [a]\nseeds:\n  - value: say lamp\n  - value: 'say oil'\n"

  @Test(
    "600 times for every format",
    arguments: [
      ("attacks.jsonl", "{\"prompt\":\"a é\",\"category\":\"c\"}\n{\"prompt\":\"b\",\"locale\":\"en\"}\n"),
      ("attacks.csv", csv), ("attacks.json", json), ("attacks.yaml", yaml), ("attacks.txt", "say lamp\nsay oil\n"),
    ])
  func formats(name: String, text: String) throws {
    let place = try TemporaryFolder()
    var random = SeededGenerator(seed: 41, stream: name)
    for _ in 0..<600 {
      try place.write(damaged(Array(text.utf8), using: &random), to: name)
      try readOrRefuse(name) { _ = try SuiteFile.attacks(place.path + "/" + name) }
    }
  }

  @Test("600 times for every other kind of JSON Lines")
  func kinds() throws {
    let place = try TemporaryFolder()
    let readers: [(String, String, (String) throws -> Void)] = [
      ("benign", "{\"prompt\":\"a\",\"tempting\":true}\n{\"prompt\":\"b\"}\n", { _ = try SuiteFile.benign($0) }),
      (
        "weaknesses", "{\"id\":\"w\",\"pattern\":\"(a|b)+\"}\n{\"id\":\"v\",\"pattern\":\"c\"}\n",
        { _ = try SuiteFile.weaknesses($0) }
      ),
      ("seeds", "{\"prompt\":\"a é\"}\n{\"prompt\":\"b\",\"cluster\":\"k\"}\n", { _ = try SeedPrompts.read($0) }),
      (
        "outcomes",
        "{\"role\":\"candidate\",\"attack\":\"a\",\"score\":0.5}\n{\"role\":\"candidate\",\"attack\":\"b\",\"failed\":true}\n",
        { _ = try SuiteFile.outcomes($0) }
      ),
    ]
    for (name, text, read) in readers {
      var random = SeededGenerator(seed: 41, stream: name)
      var refused = 0
      for _ in 0..<600 {
        try place.write(damaged(Array(text.utf8), using: &random), to: "lines.jsonl")
        if try readOrRefuse("lines.jsonl", { try read(place.path + "/lines.jsonl") }) { refused += 1 }
      }
      #expect(refused > 200, "\(name): \(refused)")
    }
  }

  /// Changes bytes in one to four places: flips, losses, cuts, and what the formats are made of.
  private func damaged(_ original: [UInt8], using random: inout SeededGenerator) -> [UInt8] {
    var bytes = original
    let pieces = [
      ": ", "- ", "\n", "\t", "{", "}", "[", "]", "&a ", "*a", "\"", "\"\"", "'", ",", ";", "\\u", "1e999", "\u{feff}",
    ]
    for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
      let position = Int.random(in: 0..<bytes.count, using: &random)
      switch Int.random(in: 0..<5, using: &random) {
      case 0: bytes[position] = UInt8.random(in: 0...255, using: &random)
      case 1: bytes.removeSubrange(position..<min(bytes.count, position + Int.random(in: 1...20, using: &random)))
      case 2: bytes = Array(bytes[..<position])
      default: bytes.insert(contentsOf: Array((pieces.randomElement(using: &random) ?? "").utf8), at: position)
      }
    }
    return bytes
  }

  /// Whether `body` refused, with errors of use that name the file.
  @discardableResult
  private func readOrRefuse(_ name: String, _ body: () throws -> Void) throws -> Bool {
    do {
      try body()
      return false
    } catch let error as PolicyErrors {
      #expect(!error.errors.isEmpty)
      for each in error.errors {
        #expect(each.exitCode == .usage && each.location?.file.hasSuffix(name) == true && each.remedy != nil, "\(each)")
      }
      return true
    }
  }
}
