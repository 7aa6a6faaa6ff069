import Core
import Decisions
import Testing

@testable import Policies

@Suite("What words mean")
struct GlossaryTests {
  private let glossary = Glossary()

  @Test("Every metric, exit code and kind is explained, with a sentence and what goes with it")
  func everything() throws {
    for metric in Metric.all {
      let entry = try #require(try glossary.entries(for: metric.name).first { $0.type == "metric" })
      #expect(entry.text == metric.explanation && entry.facts.contains { $0.name == "unit" })
    }
    for code in ExitCode.allCases {
      let entry = try #require(try glossary.entries(for: "\(code.rawValue)").first)
      #expect(entry.type == "exit code" && entry.text.hasSuffix(".") && !entry.facts.isEmpty)
    }
    for kind in Catalogue.all.judges {
      #expect(try glossary.entries(for: kind.name).contains { $0.type == "judge" })
    }
  }

  @Test("A check is explained by its metric, a key by its path or the end of it")
  func narrowed() throws {
    #expect(try glossary.entries(for: "replay.asr[category=passphrase]").map(\.name) == ["replay.asr"])
    let key = try #require(try glossary.entries(for: "suite.responses").first)
    #expect(key.type == "policy key" && key.facts.contains { $0.name == "default" })
    #expect(try glossary.entries(for: "wall_clock").map(\.name) == ["budget.wall_clock"])
    let checkpoint = try glossary.entries(for: "targets.candidate.checkpoint")
    #expect(checkpoint.contains { $0.facts.contains { $0.name == "of kind" && $0.value.contains("local") } })
  }

  @Test("What isn't there is an error of use with the nearest name")
  func unknown() {
    #expect {
      try glossary.entries(for: "replay.ars")
    } throws: { error in
      (error as? SluiceError)?.exitCode == .usage && "\(error)".contains("replay.asr")
    }
  }

  @Test("A key with one meaning is there once")
  func once() {
    let keys = glossary.entries.filter { $0.type == "policy key" }
    #expect(keys.count > 100)
    #expect(Set(keys).count == keys.count)
  }
}
