import FakeServer
import Foundation
import Testing

/// A running `sluice review`, as a browser or an outsider sees it.
struct ReviewPage {
  let process: RunningBinary
  let port: UInt16
  /// By reviewer.
  let tokens: [String: String]

  static func open(_ workspace: Workspace, reviewers: [String], _ more: [String] = []) async throws -> ReviewPage {
    let process = try Binary.start(
      ["review", "last", "--ledger", "evidence/ledger.sqlite"] + reviewers.flatMap { ["--reviewer", $0] } + more,
      in: workspace.folder)
    let output = try await process.output(untilItSays: "Ctrl-C", atMost: 60)
    var tokens: [String: String] = [:]
    var port: UInt16 = 0
    for match in output.matches(of: #/(.+): http://127\.0\.0\.1:(\d+)/([0-9a-f]{64})/\n/#) {
      tokens[String(match.output.1)] = String(match.output.3)
      port = UInt16(match.output.2) ?? 0
    }
    try #require(tokens.count == reviewers.count, "\(output)")
    return ReviewPage(process: process, port: port, tokens: tokens)
  }

  /// Stops it as a person does.
  func close() async throws -> Binary.Outcome {
    process.send(SIGINT)
    return try await process.outcome(atMost: 30)
  }

  var origin: String { "http://127.0.0.1:\(port)" }

  func get(_ path: String, by reviewer: String) throws -> LoopbackClient.Reply {
    try #require(
      LoopbackClient.ask(
        port: port, ["GET /\(tokens[reviewer] ?? "")/\(path) HTTP/1.1", "Host: 127.0.0.1:\(port)"]))
  }

  /// As the page's script sends it; nil where Sluice is gone.
  func post(_ path: String, _ form: [String: String], by reviewer: String) throws -> LoopbackClient.Reply? {
    LoopbackClient.ask(
      port: port,
      [
        "POST /\(tokens[reviewer] ?? "")/\(path) HTTP/1.1", "Host: 127.0.0.1:\(port)", "Origin: \(origin)",
        "Content-Type: application/json", "Sec-Fetch-Site: same-origin",
      ], body: Array(try JSONSerialization.data(withJSONObject: form)))
  }

  func state(by reviewer: String) throws -> State { try State(get("state", by: reviewer)) }

  func label(_ card: String, _ label: String, note: String = "", by reviewer: String) throws -> State {
    try State(#require(try post("label", ["card": card, "label": label, "note": note], by: reviewer)))
  }

  /// What the page gets to show.
  struct State {
    let object: [String: Any]

    init(_ reply: LoopbackClient.Reply) throws {
      try #require(reply.status == 200, "\(reply.text)")
      object = try #require(try JSONSerialization.jsonObject(with: Data(reply.body)) as? [String: Any])
    }

    var left: Int { object["left"] as? Int ?? -1 }
    var done: Int { object["done"] as? Int ?? -1 }
    var disagreements: Int { object["disagreements"] as? Int ?? -1 }
    var card: [String: Any]? { object["card"] as? [String: Any] }
    var id: String { card?["id"] as? String ?? "" }
    var response: String { text("response") }
    var prompt: String { text("prompt") }

    private func text(_ part: String) -> String { (card?[part] as? [String: Any])?["text"] as? String ?? "" }
  }
}
