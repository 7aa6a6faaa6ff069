import Core
import Kinds

/// A deployment of Azure OpenAI: the OpenAI protocol at an address, and with a key, of its own.
struct AzureDialogue: ServerDialogue {
  static let name = "azure"

  /// How the key is shown.
  enum Authorisation: String, CaseIterable, Sendable {
    case apiKey = "api-key"
    /// A token of Microsoft Entra ID.
    case bearer
  }

  var version = "2024-10-21"
  var authorisation = Authorisation.apiKey

  /// `https://NAME.openai.azure.com` with the deployment as model, or the address of the deployment; `…/openai/v1`, where the body
  /// names the deployment, has no version in its query.
  func access(_ configuration: ServerConfiguration, environment: [String: String]) throws -> ServerAccess {
    let tails = [["chat", "completions"]]
    let root = ["openai", "deployments", ServerEndpoint.escaped(configuration.model)]
    let endpoint =
      isVersioned(configuration.url)
      ? try ServerEndpoint(configuration.url, path: "chat/completions", tails: tails)
      : try ServerEndpoint(
        configuration.url, path: "chat/completions", tails: tails,
        root: asksByName(configuration) ? root : [], query: [("api-version", version)])
    return try ServerAccess(
      endpoint, configuration, environment: environment, key: authorisation == .bearer ? .bearer : .header("api-key"))
  }

  func asksByName(_ configuration: ServerConfiguration) -> Bool { !configuration.url.contains("/deployments/") }

  func call(_ question: ServerQuestion, model: String, dialect: ServerDialect) -> ServerCall {
    ServerCall(body: question.openAIBody(model: model, dialect: dialect))
  }

  func reply(_ response: HTTPResponse, _ redactor: Redactor) throws(MalformedReply) -> ServerReply {
    try ServerReply(parsing: response.body, api: .chat, latency: response.elapsed.inSeconds, redactor: redactor)
  }

  private func isVersioned(_ url: String) -> Bool {
    url.prefix { !"?#".contains($0) }.split(separator: "/").contains("v1")
  }
}

extension TargetKind {
  static let azure = TargetKind(
    name: AzureDialogue.name, summary: "a deployment of Azure OpenAI",
    keys: ServerConfiguration.answerKeys + [
      PolicyKey(
        name: "api_version", shape: .text, fallback: AzureDialogue().version,
        help: "Version of the API; one in the address counts before it, and /openai/v1 has none."),
      PolicyKey(
        name: "auth", shape: .choice(AzureDialogue.Authorisation.allCases.map(\.rawValue)),
        fallback: AzureDialogue.Authorisation.apiKey.rawValue,
        help: "How the key is sent: as api-key, or as a bearer token of Microsoft Entra ID."),
    ]
      + ServerConfiguration.identityKeys(
        url: "Address of the resource (https://NAME.openai.azure.com), or of the deployment.",
        model: "The deployment's name.", ready: "/health") + ServerConfiguration.limitKeys
  ) { section in
    ServedRecipe(
      section, ServerConfiguration(section),
      AzureDialogue(
        version: section.string("api_version"),
        authorisation: section.choice("auth", of: AzureDialogue.Authorisation.self) ?? .apiKey))
  }
}
