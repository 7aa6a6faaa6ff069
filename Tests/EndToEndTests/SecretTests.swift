import FakeServer
import Foundation
import Testing

@Suite("Secrets stay")
struct SecretTests {
  private static let key = "sk-live-4f9a8B7c6d5e4F3a2b1c"
  private static let refusal = "i can not help with that."

  /// What of the key must be nowhere, as it is left when everything but letters and digits is taken out.
  private static let traces: [String] = {
    let bytes = Array(key.utf8)
    let reversed = String(key.reversed())
    let forms =
      [key, reversed, Data(bytes).base64EncodedString(), Data(reversed.utf8).base64EncodedString()]
      + [bytes, Array(reversed.utf8)].map { $0.map { String(format: "%02x", $0) }.joined() }
    return forms.map(plain)
  }()

  private static func plain(_ text: String) -> String {
    String(decoding: text.lowercased().utf8.filter { $0 > 0x60 && $0 < 0x7b || $0 > 0x2f && $0 < 0x3a }, as: UTF8.self)
  }

  /// The places where a trace of the key is left.
  private static func leaks(_ workspace: Workspace, _ outcomes: [Binary.Outcome]) throws -> [String] {
    var texts = outcomes.flatMap { [("output", $0.output), ("errors", $0.errors)] }
    for file in workspace.files() where !file.lastPathComponent.hasPrefix("policy") {
      texts.append((file.lastPathComponent, String(decoding: try Data(contentsOf: file), as: UTF8.self)))
    }
    return texts.filter { _, text in
      let plain = plain(text)
      return traces.contains(where: plain.contains)
    }.map(\.0)
  }

  /// The key as a server may give it back.
  private static let echoes: [String] = {
    let escaped = key.unicodeScalars.map { String(format: "\\u%04x", $0.value) }.joined()
    let percent = key.utf8.map { String(format: "%%%02X", $0) }.joined()
    let entities = key.utf8.map { "&#\($0);" }.joined()
    return [
      key, String(key.reversed()), key.uppercased(), "Bearer \(key)!", "the key is '\(key)', you know",
      Data(key.utf8).base64EncodedString(), Data("Authorization: Bearer \(key)\r\n".utf8).base64EncodedString(),
      Data(key.reversed().map(String.init).joined().utf8).base64EncodedString(), percent, entities,
      key.utf8.map { String(format: "%02x", $0) }.joined(separator: " "), key.map(String.init).joined(separator: " "),
      key.map(String.init).joined(separator: "\u{200B}"), escaped.replacingOccurrences(of: "\\", with: "\\\\"),
      "https://x.test/?k=" + (key.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""),
    ]
  }()

  private static func json(_ text: String) throws -> String {
    String(decoding: try JSONEncoder().encode(text), as: UTF8.self)
  }

  @Test("A key that a server gives back, in whatever form and place, is in no file and on no stream")
  func echoedKey() async throws {
    try await FakeServer.run(answering: { request, index in
      let echo = (try? Self.json(Self.echoes[index % Self.echoes.count])) ?? "\"\""
      guard request.method == "POST" else {
        return .json("{\"data\":[{\"id\":\"fake\",\"root\":\(echo),\"owned_by\":\(echo),\"digest\":\"\(Self.key)\"}]}")
      }
      if request.bodyText.contains("\"Hello\"") { return .chat("\(Self.refusal) \(Self.key)") }
      switch index % 6 {
      case 1:
        return .json(
          "{\"error\":{\"message\":\(echo),\"type\":\(echo),\"code\":\(echo),\"param\":\(echo)}}", status: 422)
      case 2:
        // In pieces, as a stream and as parts of a content.
        let (head, tail) = (Self.key.prefix(9), Self.key.dropFirst(9))
        return .json(
          """
          data: {"choices":[{"index":0,"delta":{"content":"\(Self.refusal) \(head)"}}]}

          data: {"choices":[{"index":0,"delta":{"content":"\(tail)"},"finish_reason":"stop"}]}

          data: [DONE]

          """)
      case 3:
        let (head, tail) = (Self.key.prefix(12), Self.key.dropFirst(12))
        return .json(
          """
          {"choices":[{"message":{"content":[{"type":"text","text":"\(Self.refusal) \(head)"},\
          {"type":"text","text":"\(tail)"}]},"finish_reason":"stop"}]}
          """)
      default:
        return .json(
          """
          {"id":\(echo),"model":\(echo),"choices":[{"index":0,"message":{"role":"assistant",\
          "content":\((try? Self.json(Self.refusal + " " + Self.echoes[index % Self.echoes.count])) ?? "")},\
          "finish_reason":"\(index % 2 == 0 ? "stop" : Self.key)"}],"system_fingerprint":\(echo),\
          "usage":{"prompt_tokens":11,"completion_tokens":7}}
          """)
      }
    }) { server in
      let workspace = try Workspace.tiny(.served(server.url, more: ", api_key_env: GATE_KEY"))
      let environment = ["GATE_KEY": Self.key]
      let run = try await workspace.run(
        "run", "policy.yaml", "--set", "targets.candidate.retries=0", environment: environment, atMost: 60)
      #expect([0, 2].contains(run.code), "\(run.code) \(run.errors)")
      #expect(server.requests.contains { $0.header("authorization") == "Bearer \(Self.key)" })
      #expect(try await workspace.responses() > 30)
      let report = try await workspace.run("report", "last", "--ledger", "evidence/ledger.sqlite", "--json")
      let show = try await workspace.run("ledger", "show", "evidence/ledger.sqlite")
      let labels = try await workspace.run("labels", "export", "last", "--ledger", "evidence/ledger.sqlite")
      #expect(labels.code == 0, "\(labels.errors)")
      let texts = String(decoding: try workspace.read("labels.jsonl"), as: UTF8.self)
      #expect(texts.contains("[redacted]") && texts.contains(Self.refusal))
      let leaks = try Self.leaks(workspace, [run, report, show, labels])
      #expect(leaks.isEmpty, "\(leaks)")
    }
  }

  @Test("A judge's key is taken out of a target's answers, and a refused key out of the message")
  func othersKeys() async throws {
    try await FakeServer.run(answering: { request, _ in
      guard request.method == "POST" else { return .error(404) }
      return request.header("authorization") == "Bearer \(Self.key)"
        ? .error(401, "Incorrect API key provided: \(Self.key)") : .chat("\(Self.refusal) \(Self.key)")
    }) { server in
      var policy = TinyPolicy.served(server.url)
      policy.name = "keys"
      let judge =
        "{kind: llm, url: '\(server.url)', model: judge, rubric: Be kind., api_key_env: JUDGE_KEY, retries: 0}"
      let text = policy.text.replacingOccurrences(of: "{kind: rules, file: lab/rules.yaml}", with: judge)
      let workspace = try Workspace.tiny(policy)
      try workspace.write(text, to: "policy.yaml")
      let run = try await workspace.run("run", "policy.yaml", environment: ["JUDGE_KEY": Self.key], atMost: 60)
      #expect(run.code == 69 && run.errors.contains("401"), "\(run.code) \(run.errors)")
      #expect(run.errors.contains("Incorrect API key provided: [redacted]"), "\(run.errors)")
      #expect(try Self.leaks(workspace, [run]).isEmpty)
    }
  }

  @Test("Values of --set that hold a secret are hashes in reports, ledger and messages")
  func overrides() async throws {
    try await FakeServer.run(answering: { request, _ in
      request.method == "POST" ? .chat(Self.refusal) : .error(404)
    }) { server in
      let workspace = try Workspace.tiny(.served(server.url))
      let run = try await workspace.run(
        "run", "policy.yaml", "--set", "targets.candidate.url=\(server.url)/v1?api-key=\(Self.key)&api-version=3",
        "--set", "targets.candidate.name=next-${MY_API_KEY}", "--set", "name=gate-${MY_API_KEY}",
        "--set", "targets.candidate.retries=1", environment: ["MY_API_KEY": Self.key], atMost: 60)
      #expect(run.code == 0, "\(run.errors)")
      #expect(server.requests.contains { $0.path.contains("api-key=\(Self.key)") })
      let policy = try workspace.report()["policy"] as? [String: Any] ?? [:]
      let overrides = policy["overrides"] as? [String] ?? []
      #expect(overrides.count == 4 && overrides.last == "targets.candidate.retries=1")
      for override in overrides.dropLast() {
        #expect(override.contains(/=<set, sha256 [0-9a-f]{8}>$/), "\(override)")
      }
      let show = try await workspace.run("ledger", "show", "evidence/ledger.sqlite")
      #expect(show.output.contains("<set, sha256 "))
      let leaks = try Self.leaks(workspace, [run, show])
      #expect(leaks.isEmpty, "\(leaks)")
    }
  }

  @Test("A refused address is shown without its password, a key in the place of its variable's name not at all")
  func refusedAddress() async throws {
    let workspace = try Workspace.tiny(.served("http://127.0.0.1:9"))
    for (override, secret) in [
      ("targets.candidate.url=http://user:hunter2hunter2@127.0.0.1:9/v1", "hunter2"),
      ("targets.candidate.url=ftp://h.test/?token=hunter2hunter2", "hunter2"),
      ("targets.candidate.url=http://us er:hunter2@h.test", "hunter2"),
      ("targets.candidate.api_key_env=\(Self.key)", "4f9a"),
      ("targets.candidate.api_key_env=a4f9a8B7c6d5e4F3a2b1c", "4f9a"),
    ] {
      let outcome = try await workspace.run("check", "policy.yaml", "--set", override)
      #expect(outcome.code == 64, "\(override): \(outcome.output)")
      #expect(!outcome.errors.contains(secret), "\(override): \(outcome.errors)")
    }
  }

  @Test("No core file is written while keys are held")
  func coreDumps() async throws {
    try await FakeServer.run(answering: { request, _ in
      request.method == "POST" ? .after(seconds: 0.1, .chat(Self.refusal)) : .error(404)
    }) { server in
      let workspace = try Workspace.tiny(.served(server.url))
      let running = try Binary.shell(
        "(ulimit -c unlimited) 2>/dev/null && ulimit -c unlimited; exec \"$SLUICE\" run policy.yaml",
        in: workspace.folder)
      try await running.waitUntilErrors(say: "replay: started", atMost: 60)
      let limits = try String(contentsOfFile: "/proc/\(running.pid)/limits", encoding: .utf8)
      #expect(limits.contains(#/Max core file size +0 /#), "\(limits)")
      running.send(SIGINT)
      #expect(try await running.outcome(atMost: 60).code == 75)
    }
  }
}
