import Core
import Foundation
import Testing

@testable import Decisions
@testable import Policies

@Suite("The schema and the table it is made from")
struct PolicySchemaTests {
  private func schema() throws -> JSON { try JSON(parsing: Array(try PolicySchema.json().utf8)) }

  @Test("Is JSON of draft 2020-12, the same bytes every time")
  func identity() throws {
    #expect(try schema()["$schema"]?.string == "https://json-schema.org/draft/2020-12/schema")
    #expect(try PolicySchema.json() == PolicySchema.json())
  }

  @Test("Knows every key of the table, and describes each")
  func keys() throws {
    let schema = try schema()
    func check(_ keys: [PolicyKey], _ object: JSON, at path: String) throws {
      #expect(object["additionalProperties"]?.bool == false, "\(path)")
      let names = Set(object["properties"]?.members?.map(\.key) ?? [])
      #expect(names == Set(keys.map(\.name)), "\(path)")
      for key in keys where key.kinds.isEmpty {
        let property = try #require(object["properties"]?[key.name], "\(path).\(key.name)")
        #expect(property["description"]?.string == key.help, "\(path).\(key.name)")
        #expect((property["default"] != nil) == (key.fallback != nil), "\(path).\(key.name)")
        switch key.shape {
        case .object(let children): try check(children, property, at: "\(path).\(key.name)")
        case .list(.object(let children)):
          try check(children, try #require(property["items"]), at: "\(path).\(key.name)")
        case .named(.object(let children)):
          try check(children, try #require(property["additionalProperties"]), at: "\(path).\(key.name)")
        default: break
        }
      }
    }
    try check(PolicyTable.root, schema, at: "")
  }

  @Test("A kind brings its own keys, with their defaults, and refuses the other's")
  func kinds() throws {
    let target = try #require(try schema()["properties"]?["targets"]?["properties"]?["candidate"])
    let rules = try #require(target["allOf"]?.array)
    func then(_ kind: String) -> JSON? {
      rules.first { $0["if"]?["properties"]?["kind"]?["const"]?.string == kind }?["then"]
    }
    #expect(then("local")?["properties"]?["max_tokens"]?["default"] == nil)
    #expect(then("openai")?["properties"]?["max_tokens"]?["default"]?.integer == 512)
    #expect(then("local")?["properties"]?["url"]?.bool == false)
    #expect(then("openai")?["required"]?.array?.compactMap(\.string) == ["url", "model"])
  }

  @Test("Every metric brings its range and the limit that it needs")
  func metrics() throws {
    let rules = try #require(try schema()["properties"]?["checks"]?["items"]?["allOf"]?.array)
    #expect(rules.count == Metric.all.count)
    for (rule, metric) in zip(rules, Metric.all) {
      #expect(rule["if"]?["properties"]?["metric"]?["const"]?.string == metric.name)
      #expect(rule["then"]?["required"]?.array?.first?.string == metric.direction.wantedLimit)
      #expect(rule["then"]?["properties"]?["at_most"]?["minimum"]?.double == metric.range.lowerBound)
    }
  }

  @Test("Every key of the table has a name of its own and a sentence about it")
  func table() {
    func check(_ keys: [PolicyKey]) {
      let identities = keys.flatMap { key in
        key.kinds.isEmpty ? [key.name] : key.kinds.map { "\(key.name) of \($0)" }
      }
      #expect(Set(identities).count == identities.count)
      for key in keys {
        #expect([".", "?"].contains(key.help.suffix(1)) && key.help.count > 8, "\(key.name)")
        switch key.shape {
        case .object(let children), .list(.object(let children)), .named(.object(let children)): check(children)
        default: break
        }
      }
    }
    check(PolicyTable.root)
  }

  @Test("Metrics have distinct names, a stage of their own and one sentence each; gate checks are adequacy")
  func registry() {
    #expect(Set(Metric.all.map(\.name)).count == Metric.all.count)
    for metric in Metric.all {
      #expect(metric.explanation.hasSuffix(".") && !metric.unit.isEmpty && !metric.stage.isEmpty, "\(metric.name)")
      let aboutGate =
        ["attacker.", "judge.", "run."].contains(where: metric.name.hasPrefix)
        || ["fresh.diversity", "tuning.variants"].contains(metric.name)
      #expect(metric.isAboutTheRun == aboutGate, "\(metric.name)")
      #expect(Metric.named(metric.name) == metric)
    }
    #expect(Metric.named("replay.nothing") == nil)
  }
}
