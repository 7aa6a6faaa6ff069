import Core
import Foundation
import Kinds
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
    func check(_ shape: Shape, _ object: JSON, at path: String) throws {
      let (keys, owned): ([PolicyKey], [PolicyKey])
      switch shape {
      case .object(let all): (keys, owned) = (all, [])
      case .kind(let kinds): (keys, owned) = (kinds.common, kinds.kinds.flatMap(\.keys))
      default: return
      }
      #expect(object["additionalProperties"]?.bool == false, "\(path)")
      let names = Set(object["properties"]?.members?.map(\.key) ?? [])
      #expect(names == Set((keys + owned).map(\.name)), "\(path)")
      for key in keys {
        let property = try #require(object["properties"]?[key.name], "\(path).\(key.name)")
        #expect(property["description"]?.string == key.help, "\(path).\(key.name)")
        #expect((property["default"] != nil) == (key.fallback != nil), "\(path).\(key.name)")
        switch key.shape {
        case .object, .kind: try check(key.shape, property, at: "\(path).\(key.name)")
        case .list(let item): try check(item, property["items"] ?? .null, at: "\(path).\(key.name)")
        case .named(let item, _, _):
          try check(item, try #require(property["additionalProperties"]), at: "\(path).\(key.name)")
        default: break
        }
      }
    }
    try check(.object(PolicyTable.root(.all)), schema, at: "")
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
    #expect(then("openai")?["required"]?.array?.compactMap(\.string) == ["model"])
    let either = then("openai")?["allOf"]?.array?.first?["anyOf"]?.array ?? []
    #expect(either.map { $0["required"]?.array?.compactMap(\.string) } == [["url"], ["serve"]])
    #expect(then("http")?["required"]?.array?.compactMap(\.string) == ["body", "reply", "url"])
    #expect(then("http")?["allOf"] == nil)
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
      #expect(Set(keys.map(\.name)).count == keys.count, "\(keys.map(\.name))")
      for key in keys {
        #expect([".", "?"].contains(key.help.suffix(1)) && key.help.count > 8, "\(key.name)")
        check(key.shape)
      }
    }
    func check(_ shape: Shape) {
      switch shape {
      case .object(let keys): check(keys)
      case .kind(let kinds): for kind in kinds.kinds { check(kinds.keys(of: kind.name)) }
      case .list(let item), .named(let item, _, _): check(item)
      default: break
      }
    }
    check(PolicyTable.root(.all))
  }

  @Test("Metrics have distinct names, a stage of their own and one sentence each; gate checks are adequacy")
  func registry() {
    #expect(Set(Metric.all.map(\.name)).count == Metric.all.count)
    for metric in Metric.all {
      #expect(
        metric.explanation.hasSuffix(".") && !metric.unit.name.isEmpty && !metric.title.isEmpty
          && !metric.stage.isEmpty, "\(metric.name)")
      let aboutGate =
        ["attacker.", "judge.", "run."].contains(where: metric.name.hasPrefix)
        || ["fresh.diversity", "tuning.variants"].contains(metric.name)
      #expect(metric.isAboutTheRun == aboutGate, "\(metric.name)")
      #expect(Metric.named(metric.name) == metric)
    }
    #expect(Metric.named("replay.nothing") == nil)
  }
}
