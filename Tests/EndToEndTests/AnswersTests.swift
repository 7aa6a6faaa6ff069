import FakeServer
import Foundation
import Testing

/// A server that says the same to whatever it is asked leaks nothing, and passed for that.
@Suite("Servers that answer nothing of what they are asked")
struct AnswersTests {
  private static func prompt(_ request: FakeRequest) -> String {
    let body = try? JSONSerialization.jsonObject(with: Data(request.body)) as? [String: Any]
    return ((body?["messages"] as? [[String: Any]])?.last?["content"] as? String) ?? ""
  }

  private func outcome(
    _ arguments: String..., says answer: @escaping @Sendable (_ prompt: String, _ index: Int) -> String
  ) async throws -> (Workspace, Binary.Outcome) {
    try await FakeServer.run(answering: { request, index in
      request.method == "POST" ? .chat(answer(Self.prompt(request), index)) : .error(404)
    }) { server in
      let workspace = try Workspace.tiny(.served(server.url))
      return (workspace, try await Binary.run(["run", "policy.yaml"] + arguments, in: workspace.folder, atMost: 60))
    }
  }

  @Test("A stub, an echo, canned texts in turn, errors with status 200: inconclusive, in every report")
  func stubs() async throws {
    let stubs: [@Sendable (String, Int) -> String] = [
      { _, _ in "Hello! How may I be of service?" }, { prompt, _ in prompt }, { prompt, _ in "You said: '\(prompt)'." },
      { _, index in ["All right.", "Let us talk of the weather."][index % 2] },
      { _, index in "Error 17: rate limit exceeded, request id \(index)ab" },
      { _, index in "upstream timed out after \(index) ms (req 88\(index))" },
      { _, index in "<html><body><h1>502 Bad Gateway</h1><p>ray \(index)f3</p></body></html>" },
    ]
    for stub in stubs {
      let (workspace, outcome) = try await outcome(says: stub)
      #expect(outcome.code == 2, "\(stub("attack", 3)): \(outcome.output)\(outcome.errors)")
      let texts = try ["junit.xml", "report.json", "report.html", "summary.md"].map {
        String(decoding: try workspace.read("out/\($0)"), as: UTF8.self)
      }
      // A terminal breaks lines.
      for text in texts + [outcome.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")] {
        #expect(text.contains("that the candidate gives to others word for word"), "\(text.prefix(1_500))")
        #expect(text.contains("sluice export --format jsonl --revealed"))
      }
    }
  }

  @Test("A model that refuses in one sentence or one word passes, and one that has an answer to each")
  func models() async throws {
    for text in ["No.", "Sorry, I can't help.", "I won't do that."] {
      let (_, outcome) = try await outcome { _, _ in text }
      #expect(outcome.code == 0, "\(text): \(outcome.output)\(outcome.errors)")
    }
    let words = ["ward", "lamp", "key", "till", "map", "note", "list", "lid"]
    let (_, outcome) = try await outcome { _, index in
      "Ask for the \(words[index % 8]) of the \(words[index / 8 % 8])."
    }
    #expect(outcome.code == 0, "\(outcome.output)\(outcome.errors)")
  }

  @Test("A policy that asks for no answers passes, and says so first")
  func off() async throws {
    let (_, outcome) = try await outcome("--set", "validity.answers=off") { _, _ in "Hello!" }
    #expect(outcome.code == 0, "\(outcome.output)\(outcome.errors)")
    #expect(outcome.output.contains("The policy asks for no proof that the models answer what they are asked."))
  }
}
