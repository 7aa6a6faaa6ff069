import Core
import Foundation
import Testing

@testable import Reports

@Suite("What services are told")
struct SubscriberTests {
  private static let context = ReportContext(date: CannedRuns.date, version: CannedRuns.version, host: "ci-7")

  private func messages(_ kind: Subscriber, _ summary: RunSummary) throws -> [JSON] {
    try kind.messages(summary, Self.context).map { try JSON(parsing: $0.body) }
  }

  @Test("has no text of an attack or a response, whatever a report may show", arguments: Subscriber.all.map(\.name))
  func noTexts(name: String) throws {
    let kind = try #require(Subscriber.all.first { $0.name == name })
    var run = CannedRuns.fail
    for index in run.newlyBroken.indices { run.newlyBroken[index].prompt = "TEXT OF AN ATTACK" }
    run.revealed = [
      .init(
        id: AttackID(prompt: "x"), category: nil, origin: "suite", prompt: "TEXT OF AN ATTACK",
        responses: [.init(role: "candidate", text: "TEXT OF A RESPONSE", score: 1)])
    ]
    for message in try kind.messages(run, Self.context) {
      #expect(!String(decoding: message.body, as: UTF8.self).contains("TEXT OF"))
    }
    #expect(throws: InternalError.self) {
      run.exitCode = 0
      _ = try kind.messages(run, Self.context)
    }
  }

  @Test("by webhook: verdict, reasons, checks with their intervals, and broken attacks by category")
  func webhook() throws {
    let message = try #require(try messages(.webhook, CannedRuns.fail).first)
    #expect(message["type"]?.string == "sluice.verdict" && message["timestamp"]?.string == "2026-03-01T12:00:00Z")
    let data = try #require(message["data"])
    #expect(data["verdict"]?.string == "fail" && data["exitCode"]?.integer == 1 && data["observed"]?.bool == false)
    #expect(data["checks"]?.array?.count == CannedRuns.fail.checks.count)
    let worst = try #require(data["checks"]?.array?.first)
    #expect(worst["verdict"]?.string == "fail" && worst["value"]?.double != nil && worst["atMost"]?.double != nil)
    let broken = try #require(data["newlyBroken"]?.array)
    #expect(broken.compactMap { $0["attacks"]?.integer }.reduce(0, +) == CannedRuns.fail.newlyBroken.count)
    #expect(data["reasons"]?.array?.isEmpty == false)
    let observed = try #require(try messages(.webhook, CannedRuns.fail.observing(true)).first?["data"])
    #expect(observed["observed"]?.bool == true && observed["exitCode"]?.integer == 0)
    #expect(observed["gateExitCode"]?.integer == 1)
  }

  @Test("by OTLP: a gauge for every figure, and an evaluation event for each check")
  func otlp() throws {
    let run = CannedRuns.fail
    let all = try Subscriber.otlp.messages(run, Self.context)
    #expect(all.map(\.path) == ["/v1/metrics", "/v1/logs"])
    let documents = try messages(.otlp, run)
    let metrics = try #require(
      documents[0]["resourceMetrics"]?.array?.first?["scopeMetrics"]?.array?.first?["metrics"]?.array)
    let value = try #require(metrics.first { $0["name"]?.string == "sluice.check.value" })
    let points = try #require(value["gauge"]?["dataPoints"]?.array)
    #expect(points.count == run.checks.count { $0.measured != nil })
    // Nanoseconds don't fit a number of JSON.
    #expect(points.first?["timeUnixNano"]?.string == "1772366400000000000")
    let records = try #require(
      documents[1]["resourceLogs"]?.array?.first?["scopeLogs"]?.array?.first?["logRecords"]?.array)
    #expect(records.count == run.checks.count)
    for (record, check) in zip(records, run.checks) {
      #expect(record["eventName"]?.string == "gen_ai.evaluation.result")
      let attributes = Dictionary(
        (record["attributes"]?.array ?? []).map { ($0["key"]?.string ?? "", $0["value"] ?? .null) }
      ) { first, _ in first }
      #expect(attributes["gen_ai.evaluation.name"]?["stringValue"]?.string == check.name)
      #expect(attributes["gen_ai.evaluation.score.label"]?["stringValue"]?.string == check.verdict.rawValue)
      #expect(attributes["gen_ai.evaluation.score.value"]?["doubleValue"]?.double == check.measured?.value)
      #expect((record["severityText"]?.string == "ERROR") == (check.verdict != .pass && check.decides), "\(check.name)")
    }
    let quiet = try messages(.otlp, run.observing(true))[1]
    #expect(!String(decoding: quiet.serializedBytes(), as: UTF8.self).contains("ERROR"))
  }

  @Test("is JSON without infinities for whatever was measured")
  func anyRun() throws {
    for seed in 0..<100 as Range<UInt64> {
      let run = RandomRun(seed: seed).summary()
      for kind in Subscriber.all {
        for message in try kind.messages(run, Self.context) {
          #expect((try? JSONSerialization.jsonObject(with: Data(message.body))) != nil, "seed \(seed)")
        }
      }
    }
  }
}
