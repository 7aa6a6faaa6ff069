import Core
import Foundation
import Testing

@testable import Reports

@Suite("The schema of JSON reports")
struct ReportSchemaTests {
  /// What a document does against a schema, of the keywords that the schema uses.
  private func problems(_ value: Any, _ schema: [String: Any], _ root: [String: Any], at path: String = "") -> [String]
  {
    if let reference = schema["$ref"] as? String {
      let name = String(reference.split(separator: "/").last ?? "")
      guard let target = (root["$defs"] as? [String: Any])?[name] as? [String: Any] else {
        return ["\(path): \(reference)"]
      }
      return problems(value, target, root, at: path)
    }
    if let choices = schema["anyOf"] as? [[String: Any]] {
      return choices.contains { problems(value, $0, root).isEmpty } ? [] : ["\(path): none of the choices"]
    }
    if let words = schema["enum"] as? [String] {
      return (value as? String).map(words.contains) == true ? [] : ["\(path): none of \(words)"]
    }
    switch schema["type"] as? String {
    case "object":
      guard let object = value as? [String: Any] else { return ["\(path): no object"] }
      let properties = schema["properties"] as? [String: [String: Any]] ?? [:]
      let missing = (schema["required"] as? [String] ?? []).filter { object[$0] == nil }.map { "\(path).\($0) missing" }
      return missing
        + object.flatMap { key, member -> [String] in
          if let known = properties[key] { return problems(member, known, root, at: "\(path).\(key)") }
          guard let other = schema["additionalProperties"] as? [String: Any] else { return ["\(path).\(key) unknown"] }
          return problems(member, other, root, at: "\(path).\(key)")
        }
    case "array":
      guard let list = value as? [Any], let items = schema["items"] as? [String: Any] else {
        return ["\(path): no list"]
      }
      return list.enumerated().flatMap { problems($1, items, root, at: "\(path)[\($0)]") }
    case "string": return value is String ? [] : ["\(path): no text"]
    case "boolean": return (value as? NSNumber).map { isTruthValue($0) } == true ? [] : ["\(path): no truth value"]
    case "integer", "number": return value is NSNumber ? [] : ["\(path): no number"]
    default: return ["\(path): a schema that says nothing: \(schema)"]
    }
  }

  private func isTruthValue(_ number: NSNumber) -> Bool { number == true || number == false }

  private func schema() throws -> [String: Any] {
    let object = try JSONSerialization.jsonObject(with: Data(try ReportSchema.json().utf8))
    return try #require(object as? [String: Any])
  }

  @Test("Every report follows it: canned ones, and ones with every field filled and every field missing")
  func reportsFollow() throws {
    let schema = try schema()
    for run in CannedRuns.all.map(\.1) + (0..<40).map({ RandomRun(seed: $0, isHostile: false).summary() }) {
      guard let bytes = try? JSONReport.render(run, date: CannedRuns.date, version: "1") else { continue }
      let document = try JSONSerialization.jsonObject(with: Data(bytes))
      #expect(problems(document, schema, schema).prefix(5) == [])
    }
  }

  @Test("A report that misses or adds something doesn't follow it")
  func othersDont() throws {
    let schema = try schema()
    let run = try #require(CannedRuns.all.first?.1)
    let bytes = try JSONReport.render(run, date: CannedRuns.date, version: "1")
    var document = try #require(JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    document["extra"] = 1
    document["date"] = nil
    #expect(problems(document, schema, schema).sorted() == [".date missing", ".extra unknown"])
    var summary = try #require(document["summary"] as? [String: Any])
    summary["verdict"] = "perhaps"
    #expect(!problems(["summary": summary], schema, schema).filter { $0.contains("verdict") }.isEmpty)
  }

  @Test("What may be left out is not required, and verdicts are words")
  func shape() throws {
    let text = try ReportSchema.json()
    let schema = try schema()
    let summary = try #require((schema["properties"] as? [String: Any])?["summary"] as? [String: Any])
    let required = try #require(summary["required"] as? [String])
    #expect(required.contains("verdict") && required.contains("checks"))
    #expect(text.contains("\"inconclusive\"") && text.contains("midP"))
    let checks = try #require(
      ((summary["properties"] as? [String: Any])?["checks"] as? [String: Any])?["items"] as? [String: Any])
    #expect((checks["required"] as? [String])?.contains("readings") == false)
  }

  @Test("What summaries say since version 0.1 may be missing, is described where it is there, and is checked")
  func proof() throws {
    let schema = try schema()
    let run = CannedRuns.unproven
    let bytes = try JSONReport.render(run, date: CannedRuns.date, version: "1")
    let document = try #require(JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    var summary = try #require(document["summary"] as? [String: Any])
    for key in ["weakenings", "question", "outcomes", "validity", "remedies"] {
      #expect(summary[key] != nil, "\(key)")
      var other = document
      summary[key] = ["a": 1]
      other["summary"] = summary
      #expect(problems(other, schema, schema).contains { $0.contains(key) }, "\(key)")
      summary[key] = nil
      other["summary"] = summary
      #expect(problems(other, schema, schema) == [], "\(key)")
    }
  }
}
