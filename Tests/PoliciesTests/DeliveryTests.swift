import Core
import Foundation
import Testing

@testable import Policies

@Suite("Services that a policy wants told")
struct DeliveryTests {
  private static let secret = ["HOOK": "whsec_" + Data("sixteen bytes or more".utf8).base64EncodedString()]

  private func policy(_ report: String) -> String { "\(withoutReport)report: {\(report)}\n" }

  private let withoutReport = """
    version: 1
    name: told
    targets: {candidate: {kind: local, checkpoint: new}}
    judges: {confirm: {kind: rules, file: rules.yaml}}
    suite: {seeds: seeds.jsonl}
    checks: [{metric: replay.asr, at_most: 0.9}]

    """

  @Test("are read with address, header fields, time and the variable of the secret")
  func read() throws {
    let place = try Workplace()
    let text = policy(
      """
      webhook: {url: "https://hooks.example.com/a/b", secret_env: HOOK, timeout: 3s},
        otlp: {url: "http://127.0.0.1:4318", headers: {Authorization: "Bearer ${TOKEN}"}}
      """)
    let environment = Self.secret.merging(["TOKEN": "a-long-token-of-otlp"]) { $1 }
    let loaded = try place.load(text, environment: environment)
    let deliveries = loaded.report.deliveries
    #expect(deliveries.map(\.subscriber.name) == ["webhook", "otlp"])
    #expect(deliveries.map(\.url) == ["https://hooks.example.com/a/b", "http://127.0.0.1:4318"])
    #expect(deliveries.map(\.secretVariable) == ["HOOK", nil])
    #expect(deliveries.map(\.timeout) == [.seconds(3), .seconds(10)])
    #expect(deliveries[1].headers == ["Authorization": "Bearer a-long-token-of-otlp"])
    // Nothing of this process may print either.
    let hidden = loaded.redactor.redacted("a-long-token-of-otlp \(environment["HOOK"] ?? "")")
    #expect(!hidden.contains("a-long-token") && !hidden.contains("whsec_c2l4"), "\(hidden)")
    #expect(try place.load(withoutReport, environment: [:]).report.deliveries.isEmpty)
  }

  @Test("need a secret that is set and long enough, and an address that the site allows")
  func refused() throws {
    let place = try Workplace()
    let hook = policy(#"webhook: {url: "https://hooks.example.com/a", secret_env: HOOK}"#)
    #expect(try place.problems(hook).first?.contains("HOOK") == true)
    for short in ["short", "whsec_c2hvcnQ=", "whsec_no base64 at all, however long"] {
      #expect(
        try place.problems(hook, environment: ["HOOK": short]).first?.contains("shorter than 16") == true, "\(short)")
    }
    #expect(try place.problems(hook, environment: Self.secret).isEmpty)
    #expect(
      try place.problems(policy(#"webhook: {url: "https://hooks.example.com/a"}"#)).first?.contains("secret_env")
        == true)
    let site = try Workplace(["site.yaml": "allow: {hosts: [api.example.com]}\n"])
    let limited = Self.secret.merging(["SLUICE_SITE": site.folder + "/site.yaml"]) { $1 }
    #expect(
      try place.problems(hook, environment: limited).first?.contains("site does not let policies ask") == true)
  }

  @Test("sign with the bytes behind whsec_, and never show them")
  func secrets() throws {
    let key = try #require(WebhookSecret("whsec_" + Data("sixteen bytes or more".utf8).base64EncodedString()))
    #expect(key.key == Array("sixteen bytes or more".utf8))
    #expect(WebhookSecret(" sixteen bytes or more\n")?.key == key.key)
    #expect("\(key)" == "(secret)" && !String(reflecting: key).contains("sixteen"))
  }
}
