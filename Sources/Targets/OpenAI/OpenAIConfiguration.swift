import Core
import Kinds

/// Where an OpenAI-compatible server is and how it wants to be treated.
///
/// With or without `/v1`: `http://host:8000`, `http://host:8000/v1` and the full path of the API mean the same. A full path is
/// taken as it is, with or without a version in it.
@dynamicMemberLookup
public struct OpenAIConfiguration: Hashable, Sendable {
  /// What holds for every protocol.
  public var server: ServerConfiguration
  /// Which endpoint is asked.
  public var api: OpenAIAPI

  /// Makes a configuration; the parameters are those of `ServerConfiguration`.
  public init(
    url: String, model: String, revision: String? = nil, api: OpenAIAPI = .chat, apiKeyVariable: String? = nil,
    concurrency: Int = 8, requestsPerMinute: Double? = nil, timeout: Duration = .seconds(60),
    connectTimeout: Duration = .seconds(10),
    stallTimeout: Duration = .seconds(20), retries: Int = 5, maxResponseBytes: Int = 8 << 20,
    failuresBeforeGivingUp: Int = 8
  ) {
    server = ServerConfiguration(
      url: url, model: model, revision: revision, apiKeyVariable: apiKeyVariable, concurrency: concurrency,
      requestsPerMinute: requestsPerMinute, timeout: timeout, connectTimeout: connectTimeout,
      stallTimeout: stallTimeout, retries: retries, maxResponseBytes: maxResponseBytes,
      failuresBeforeGivingUp: failuresBeforeGivingUp)
    self.api = api
  }

  /// A property of the server's.
  public subscript<Value>(dynamicMember member: WritableKeyPath<ServerConfiguration, Value>) -> Value {
    get { server[keyPath: member] }
    set { server[keyPath: member] = newValue }
  }

  /// A property of the server's that can't be set.
  public subscript<Value>(dynamicMember member: KeyPath<ServerConfiguration, Value>) -> Value {
    server[keyPath: member]
  }
}

/// How a policy says how an OpenAI-compatible server is reached: for targets, judges and tuners alike.
extension OpenAIConfiguration {
  /// Keys of a policy that say where the server is and what it is spared.
  public static let keys =
    ServerConfiguration.identityKeys(url: addressHelp) + ServerConfiguration.limitKeys

  /// The same for targets, whose server a run may start.
  static let targetKeys =
    ServerConfiguration.identityKeys(url: addressHelp, ready: "/health") + ServerConfiguration.limitKeys

  private static let addressHelp = "Base address of the server, with or without /v1."

  /// Which endpoint of the server is asked, for those that may ask either.
  public static let apiKey = PolicyKey(
    name: "api", shape: .choice(OpenAIAPI.allCases.map(\.rawValue)), fallback: OpenAIAPI.chat.rawValue,
    help: "Which endpoint to use.")

  /// - Parameter section: was held against `keys`.
  public init(_ section: Section) {
    server = ServerConfiguration(section)
    api = section.choice("api", of: OpenAIAPI.self) ?? .chat
  }

  /// The same with secrets that no answer may bring in.
  public func redacting(_ redactor: Redactor) -> OpenAIConfiguration {
    var configuration = self
    configuration.server = server.redacting(redactor)
    return configuration
  }

  /// The same for one of several processes that keep within its `requests_per_minute` together.
  public func sharing(by processes: Int) -> OpenAIConfiguration {
    var configuration = self
    configuration.server = server.sharing(by: processes)
    return configuration
  }

  /// What planning has to know of the model.
  public func served(latency: Double? = nil, maxTokens: Int = 0, overhead: String = "") -> ServedModel {
    server.served(latency: latency, maxTokens: maxTokens, overhead: overhead)
  }
}
