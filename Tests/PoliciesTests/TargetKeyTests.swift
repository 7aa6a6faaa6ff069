import Core
import Kinds
import Testing

@testable import Policies
@testable import Targets

@Suite("The keys of targets")
struct TargetKeyTests {
  /// The keys that a kind can't do without, and values for those that take no word of any sort.
  private struct Needs {
    let section: String
    var values: [String: String] = [:]
  }

  /// An address on this machine, and a server that is started there.
  private static let served = "url: 'http://127.0.0.1:8', serve: {command: [sh]}"
  private static let serve = ["serve.ready": "/x"]

  private static let needs: [String: Needs] = [
    "local": Needs(section: "checkpoint: new"), "openai": Needs(section: "\(served), model: m", values: serve),
    "http": Needs(
      section: "\(served), reply: /r, system: s, temperature: 0.5, top_p: 0.5, max_tokens: 9, "
        + "refusal: {at: /a}, block: {at: /b}, certificate: rules.yaml, "
        + "body: '[{{prompt}}, {{system}}, {{temperature}}, {{top_p}}, {{max_tokens}}]'",
      values: [
        "body": "'[{{prompt}}, {{system}}, {{temperature}}, {{top_p}}, {{max_tokens}}, 1]'", "headers": "{X-A: b}",
        "reply": "/x", "finish_reason": "/x", "usage.prompt_tokens": "/x", "usage.completion_tokens": "/x",
        "refusal.at": "/x", "block.at": "/x", "refusal.status": "[451]", "block.status": "[451]",
        "certificate": "tame.jsonl", "key": "tame.jsonl", "ca": "tame.jsonl",
      ].merging(serve) { $1 }),
    "anthropic": Needs(section: "\(served), model: m", values: serve),
    "azure": Needs(section: "\(served), model: m", values: serve),
    "bedrock": Needs(
      section: "region: eu-west-1, model: m, access_key_env: A_KEY, secret_key_env: A_KEY, session_token_env: A_KEY",
      values: ["region": "us-east-1"]),
    "ollama": Needs(
      section: "\(served), model: m", values: ["options": "'{\"top_k\": 4}'"].merging(serve) { $1 }),
    "command": Needs(section: "command: [sh]"),
  ]

  @Test("Every key of every kind reaches the policy", arguments: TargetKind.all.map(\.name))
  func everyKeyCounts(kind: String) throws {
    let needs = try #require(Self.needs[kind])
    let section = "{kind: \(kind), \(needs.section)}"
    let text = fullPolicy.changing(
      "other: {kind: openai, url: \"http://127.0.0.1:8000/v1\", model: m, serve: {command: [server]}}",
      to: "other: \(section)")
    let place = try Workplace()
    let environment = ["A_KEY": "k-1234567", "B_KEY": "k-7654321"]
    let before = try place.load(text, environment: environment).transfer
    var tried = 0
    for (path, key) in leaves(TargetKind.all.keys().keys(of: kind)) where path != "kind" {
      if kind == "bedrock", path == "api_key_env" { continue }
      let value = try needs.values[path] ?? #require(otherValue(of: key), "\(path)")
      let policy = try place.load(
        text, overrides: ["targets.transfer.other.\(path)=\(value)"], environment: environment)
      #expect(policy.transfer != before, "\(kind): \(path)=\(value)")
      tried += 1
    }
    #expect(tried > 8)
  }

  private func leaves(_ keys: [PolicyKey], at path: String = "") -> [(String, PolicyKey)] {
    keys.flatMap { key -> [(String, PolicyKey)] in
      if case .object(let inner) = key.shape { return leaves(inner, at: path + key.name + ".") }
      return [(path + key.name, key)]
    }
  }

  private func otherValue(of key: PolicyKey) -> String? {
    switch key.shape {
    case .text: "something"
    case .template: "\"<{prompt}>\""
    case .url, .servedURL: "http://127.0.0.1:9/v1"
    case .variable, .passedVariable: "B_KEY"
    case .checkpoint: "old"
    case .integer: "17"
    case .number: "0.61"
    case .toggle: "on"
    case .choice(let values): values.first { $0 != key.fallback }
    case .duration: "77s"
    case .bytes: "77KB"
    case .list(.text), .list(.passedVariable): "[B_KEY]"
    default: nil
    }
  }
}
