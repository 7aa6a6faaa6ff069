import Core
import Foundation
import Policies
import Reports
import Testing

@Suite("What is promised of policies and reports")
struct PromisedKeysTests {
  /// Recorded by this test, run with `SLUICE_RECORD=1`, when a version of a schema is released; a run that records fails.
  static let promised: [(name: String, schema: @Sendable () throws -> String)] = [
    ("policy-1", { try PolicySchema.json() }), ("report-1", { try ReportSchema.json() }),
  ]

  @Test("is there: no key, kind or required field of a released version is gone", arguments: promised.map(\.name))
  func isThere(name: String) throws {
    let schema = try #require(Self.promised.first { $0.name == name }).schema()
    // A key of a policy may become optional; a field of a report that is always there may not.
    let facts = Self.facts(try JSON(parsing: Array(schema.utf8)), at: "").filter {
      name.hasPrefix("report") || !$0.hasSuffix(Self.required)
    }
    #expect(facts.count > 200)
    let path = "Tests/GateTests/Documentation/Promised/\(name).txt"
    if ProcessInfo.processInfo.environment["SLUICE_RECORD"] != nil {
      try Data((facts.sorted().joined(separator: "\n") + "\n").utf8).write(to: Article.root.appending(path: path))
      Issue.record("\(path) was recorded")
    } else {
      let recorded = try #require(Article.file(path)).split(separator: "\n").map(String.init)
      #expect(recorded.count > 200)
      #expect(Set(recorded).subtracting(facts).sorted() == [])
    }
  }

  private static let required = " required"

  /// Every key with its path, the words that it may say, and whether it is required.
  private static func facts(_ schema: JSON, at path: String) -> Set<String> {
    var facts: Set<String> = []
    for member in schema["properties"]?.members ?? [] {
      let inner = path.isEmpty ? member.key : "\(path).\(member.key)"
      facts.insert(inner)
      facts.formUnion(Self.facts(member.value, at: inner))
    }
    for word in schema["enum"]?.array ?? [] { if let word = word.string { facts.insert("\(path) = \(word)") } }
    if let items = schema["items"] { facts.formUnion(Self.facts(items, at: path + "[]")) }
    if let values = schema["additionalProperties"] { facts.formUnion(Self.facts(values, at: path + ".*")) }
    for key in ["allOf", "anyOf", "oneOf"] {
      for part in schema[key]?.array ?? [] { facts.formUnion(Self.facts(part["then"] ?? part, at: path)) }
    }
    for name in schema["required"]?.array ?? [] {
      if let name = name.string { facts.insert((path.isEmpty ? name : "\(path).\(name)") + Self.required) }
    }
    return facts
  }
}
