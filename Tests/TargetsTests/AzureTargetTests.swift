import Core
import FakeServer
import Testing

@testable import Targets

@Suite("A deployment of Azure OpenAI", .timeLimit(.minutes(1)))
struct AzureTargetTests {
  private func ask(
    _ reply: FakeReply, path: String = "", _ dialogue: AzureDialogue = AzureDialogue(), model: String = "gpt test"
  ) async throws -> (ResponseOutcome, FakeRequest?) {
    try await FakeServer.run(answering: { _, _ in reply }) { server in
      let target = try served(
        dialogue, on: server.url + path, model: model, settings: SamplingSettings(system: "be kind"),
        environment: ["K": "azure-12345678"]
      ) {
        $0.apiKeyVariable = "K"
        $0.retries = 0
      }
      return (try await target.ask(), server.requests.first)
    }
  }

  @Test(
    "The address is made of resource, deployment and version, or taken as it is written",
    arguments: [
      ("", "/openai/deployments/gpt%20test/chat/completions?api-version=2024-10-21"),
      ("/", "/openai/deployments/gpt%20test/chat/completions?api-version=2024-10-21"),
      ("/openai/deployments/mine", "/openai/deployments/mine/chat/completions?api-version=2024-10-21"),
      (
        "/openai/deployments/mine/chat/completions?api-version=2025-01-01-preview",
        "/openai/deployments/mine/chat/completions?api-version=2025-01-01-preview"
      ),
      ("/openai/v1/", "/openai/v1/chat/completions"),
      ("/gateway?team=a", "/gateway/openai/deployments/gpt%20test/chat/completions?team=a&api-version=2024-10-21"),
    ])
  func addresses(path: String, asked: String) async throws {
    let (outcome, request) = try await ask(try .recorded("azure-text"), path: path)
    #expect(try outcome.get().text == "Hello." && request?.path == asked, "\(request?.path ?? "")")
    #expect(request?.json["model"]?.string == "gpt test")
  }

  @Test("The key is a header of its own, or a bearer token")
  func keys() async throws {
    let (_, plain) = try await ask(try .recorded("azure-text"))
    #expect(plain?.header("api-key") == "azure-12345678" && plain?.header("authorization") == nil)
    let (_, bearer) = try await ask(try .recorded("azure-text"), AzureDialogue(authorisation: .bearer))
    #expect(bearer?.header("api-key") == nil && bearer?.header("authorization") == "Bearer azure-12345678")
  }

  @Test("A filter's work is a block, on the prompt and on the reply, and a deployment that isn't there is told")
  func filters() async throws {
    let prompt = try await ask(try .recorded("azure-filter-400", status: 400)).0.get()
    #expect(prompt.isBlocked && prompt.text.isEmpty)
    let reply = try await ask(try .recorded("azure-filtered")).0.get()
    #expect(reply.isBlocked && reply.text == "Well, " && reply.completionTokens == 2)
    let text = try await ask(try .recorded("azure-text")).0.get()
    #expect(text.finishReason == "stop" && text.promptTokens == 11)
    let gone = try await ask(
      .json(#"{"error":{"code":"DeploymentNotFound","message":"no such deployment"}}"#, status: 404)
    ).0.failure
    #expect(gone?.kind == .notServed && gone?.message.contains("no such deployment") == true)
  }

  @Test("Deployments and versions are models of their own")
  func identity() throws {
    func identity(_ url: String, _ model: String, _ version: String = "2024-10-21") throws -> String {
      try served(AzureDialogue(version: version), on: url, model: model).fingerprint
    }
    let base = "https://name.openai.azure.com"
    #expect(
      try identity(base, "a")
        == "azure|\(base)/openai/deployments/a/chat/completions?api-version=2024-10-21|a")
    #expect(try identity(base, "a") != identity(base, "b"))
    #expect(try identity(base, "a") != identity(base, "a", "2025-01-01"))
  }
}
