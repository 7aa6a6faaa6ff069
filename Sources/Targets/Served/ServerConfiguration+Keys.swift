import Core
import Kinds

/// How a policy says how a server is reached: for targets, judges and tuners alike.
extension ServerConfiguration {
  /// The keys that say what answers, and who asks.
  /// - Parameters:
  ///   - url: what the address is; nil where there is no such key.
  ///   - usualURL: stands where the policy has none; nil where it has to.
  ///   - model: what the name of the model is.
  ///   - ready: path that answers once such a server is ready; nil where none can be started.
  ///   - isBase: whether the address is one that every server of the kind has, but for host and port.
  static func identityKeys(
    url: String?, usualURL: String? = nil, model: String = "The served model's name.", requiresModel: Bool = true,
    hasKey: Bool = true, ready: String? = nil, isBase: Bool = true
  ) -> [PolicyKey] {
    var keys: [PolicyKey] = []
    if let url {
      let served =
        " With serve, {{port}} in it is the server's port" + (isBase ? " (default: \(Serving.usualURL))." : ".")
      keys.append(
        PolicyKey(
          name: "url", shape: ready == nil ? .url : .servedURL, required: usualURL == nil,
          unless: ready != nil && isBase ? ["serve"] : [], fallback: usualURL, help: url + (ready == nil ? "" : served))
      )
    }
    keys += [PolicyKey(name: "model", shape: .text, required: requiresModel, help: model), revisionKey]
    if hasKey { keys.append(apiKeyKey) }
    if let ready { keys.append(Serving.key(ready: ready)) }
    return keys
  }

  static let revisionKey =
    PolicyKey(
      name: "revision", shape: .text,
      help:
        "What identifies the served bytes, for example a digest or commit (\"${MODEL_SHA}\"). Without it nothing of earlier runs is reused."
    )

  static let apiKeyKey =
    PolicyKey(
      name: "api_key_env", shape: .variable,
      help: "Name of the environment variable that holds the API key (never the key itself).")

  /// The keys that say what is expected of a response.
  static let answerKeys: [PolicyKey] = [
    PolicyKey(name: "max_tokens", shape: .integer(1...100_000), fallback: "512", help: "Longest response."),
    PolicyKey(
      name: "latency", shape: .duration, fallback: "2s",
      help: "Usual wait for one response: `sluice plan` computes with it."),
  ]

  /// The keys that say how much is asked at a time, and how patiently.
  static let limitKeys: [PolicyKey] = [
    PolicyKey(name: "concurrency", shape: .integer(1...1024), fallback: "8", help: "Requests in flight."),
    PolicyKey(name: "requests_per_minute", shape: .integer(1...1_000_000), help: "Rate limit (default: none)."),
    PolicyKey(name: "timeout", shape: .duration, fallback: "60s", help: "Longest wait for one response."),
    PolicyKey(
      name: "retries", shape: .integer(0...100), fallback: "5", help: "Attempts after the first, with backoff."),
    PolicyKey(
      name: "max_response_bytes", shape: .bytes, fallback: "256KB",
      help: "Of the text of a response; the rest is dropped, and the response counts as cut."),
  ]

  /// - Parameters:
  ///   - section: was held against `identityKeys` and `limitKeys`, or some of them.
  ///   - url: instead of the section's.
  ///   - model: instead of the section's.
  init(_ section: Section, url: String? = nil, model: String? = nil) {
    let textBytes = section.bytes("max_response_bytes")
    let serving = section.child("serve").map(Serving.init)
    let written = section.has("url") || serving == nil ? section.string("url") : Serving.usualURL
    self.init(
      url: url ?? written, model: model ?? section.string("model"), revision: section.text("revision"),
      apiKeyVariable: section.text("api_key_env"),
      concurrency: section.integer("concurrency"), requestsPerMinute: section.optionalNumber("requests_per_minute"),
      timeout: section.duration("timeout") ?? .zero, retries: section.integer("retries"),
      maxResponseBytes: Self.bodyBytes(text: textBytes))
    maxTextBytes = textBytes
    self.serving = serving
  }

  /// Bytes of a body that are read: JSON takes up to six for one of the text, and there is more in it than the text.
  private static func bodyBytes(text: Int) -> Int { max(8_000_000, 8 * min(text, 64 << 20)) }

  /// The same with secrets that no answer may bring in.
  public func redacting(_ redactor: Redactor) -> ServerConfiguration {
    var configuration = self
    configuration.redactor = redactor
    return configuration
  }

  /// The same for one of several processes that keep within its `requests_per_minute` together.
  public func sharing(by processes: Int) -> ServerConfiguration {
    var configuration = self
    configuration.requestsPerMinute = requestsPerMinute.map { $0 / Double(max(1, processes)) }
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
