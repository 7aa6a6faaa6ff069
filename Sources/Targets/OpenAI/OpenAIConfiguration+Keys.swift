import Core
import Kinds

/// How a policy says how an OpenAI-compatible server is reached: for targets, judges and tuners alike.
extension OpenAIConfiguration {
  public static let keys: [PolicyKey] = [
    PolicyKey(name: "url", shape: .url, required: true, help: "Base address of the server, with or without /v1."),
    PolicyKey(name: "model", shape: .text, required: true, help: "The served model's name."),
    PolicyKey(
      name: "revision", shape: .text,
      help:
        "What identifies the served bytes, for example a digest or commit (\"${MODEL_SHA}\"). Without it nothing of earlier runs is reused."
    ),
    PolicyKey(
      name: "api_key_env", shape: .variable,
      help: "Name of the environment variable that holds the API key (never the key itself)."),
    PolicyKey(name: "concurrency", shape: .integer(1...1024), fallback: "8", help: "Requests in flight."),
    PolicyKey(name: "requests_per_minute", shape: .integer(1...1_000_000), help: "Rate limit (default: none)."),
    PolicyKey(name: "timeout", shape: .duration, fallback: "60s", help: "Longest wait for one response."),
    PolicyKey(
      name: "retries", shape: .integer(0...100), fallback: "5", help: "Attempts after the first, with backoff."),
    PolicyKey(
      name: "max_response_bytes", shape: .bytes, fallback: "256KB",
      help: "Of the text of a response; the rest is dropped, and the response counts as cut."),
  ]

  /// Which endpoint of the server is asked, for those that may ask either.
  public static let apiKey = PolicyKey(
    name: "api", shape: .choice(OpenAIAPI.allCases.map(\.rawValue)), fallback: OpenAIAPI.chat.rawValue,
    help: "Which endpoint to use.")

  /// - Parameter section: was held against `keys`.
  public init(_ section: Section) {
    let textBytes = section.bytes("max_response_bytes")
    self.init(
      url: section.string("url"), model: section.string("model"), revision: section.text("revision"),
      api: section.choice("api", of: OpenAIAPI.self) ?? .chat, apiKeyVariable: section.text("api_key_env"),
      concurrency: section.integer("concurrency"), requestsPerMinute: section.optionalNumber("requests_per_minute"),
      timeout: section.duration("timeout") ?? .zero, retries: section.integer("retries"),
      maxResponseBytes: Self.bodyBytes(text: textBytes))
    maxTextBytes = textBytes
  }

  /// Bytes of a body that are read: JSON takes up to six for one of the text, and there is more in it than the text.
  private static func bodyBytes(text: Int) -> Int { max(8_000_000, 8 * min(text, 64 << 20)) }

  /// The same with secrets that no answer may bring in.
  public func redacting(_ redactor: Redactor) -> OpenAIConfiguration {
    var configuration = self
    configuration.redactor = redactor
    return configuration
  }

  /// What planning has to know of the model.
  public func served(latency: Double? = nil, maxTokens: Int = 0, overhead: String = "") -> ServedModel {
    ServedModel(
      name: model, revision: revision, concurrency: concurrency, requestsPerMinute: requestsPerMinute.map { Int($0) },
      latency: latency,
      maxTokens: maxTokens, overhead: overhead)
  }
}
