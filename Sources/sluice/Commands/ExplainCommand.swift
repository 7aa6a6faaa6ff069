import ArgumentParser
import Core
import Foundation
import Gate
import Policies

struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "What a metric, a check, an exit code, a policy key or a kind means.",
    discussion: """
      Examples:
        sluice explain                   lists everything that can be explained
        sluice explain replay.asr
        sluice explain 2
        sluice explain suite.responses
      """)

  @Argument(help: "A name as policies and reports have it, or an exit code; absent: the list.")
  var word: String?

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let glossary = Glossary()
    let entries = try word.map { try glossary.entries(for: $0) } ?? glossary.entries
    if json {
      try StandardOutput.write(json: JSONText.of(entries))
    } else {
      try StandardOutput.write((word == nil ? list(entries) : entries.map(shown)).joined(separator: "\n") + "\n")
    }
  }

  private func shown(_ entry: Glossary.Entry) -> String {
    let width = entry.facts.map(\.name.count).max() ?? 0
    let facts = entry.facts.map { fact in
      "  \(fact.name.padding(toLength: width, withPad: " ", startingAt: 0))  \(fact.value)\n"
    }
    return "\(entry.name) (\(entry.type))\n  \(entry.text)\n" + facts.joined()
  }

  /// A line an entry under a heading a type; keys by their names alone, since there are hundreds.
  private func list(_ entries: [Glossary.Entry]) -> [String] {
    let types = entries.reduce(into: [String]()) { if !$0.contains($1.type) { $0.append($1.type) } }
    return types.map { type in
      let lines = entries.filter { $0.type == type }.map { entry in
        type == "policy key" ? "  \(entry.name)\n" : "  \(entry.name)  \(entry.text)\n"
      }
      return "\(type)s\n" + lines.joined()
    }
  }
}
