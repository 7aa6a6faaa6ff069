import Core
import Kinds

/// A kind of service that is told of a verdict over HTTP: everything that is known of it is said where its messages are.
public struct Subscriber: PolicyKind {
  /// The key of a policy's `report` that names its address.
  public let name: String
  public let summary: String
  /// Its keys beside `url` and `timeout`.
  public let own: [PolicyKey]
  private let render: @Sendable (_ summary: RunSummary, _ context: ReportContext) throws -> [Message]

  /// What is sent: JSON, and where below the service's address.
  public struct Message: Hashable, Sendable {
    /// Empty for the address itself.
    public let path: String
    /// The JSON document.
    public let body: [UInt8]

    public init(path: String = "", body: [UInt8]) {
      self.path = path
      self.body = body
    }
  }

  /// All kinds, in the order of the schema.
  public static let all: [Subscriber] = [.webhook, .otlp]

  /// - Parameter render: the same bytes for the same summary and context.
  public init(
    name: String, summary: String, own: [PolicyKey],
    render: @escaping @Sendable (RunSummary, ReportContext) throws -> [Message]
  ) {
    self.name = name
    self.summary = summary
    self.own = own
    self.render = render
  }

  /// What it is told, without the texts of attacks and responses whatever the policy reveals.
  /// - Throws: `InternalError` when the summary contradicts itself.
  public func messages(_ summary: RunSummary, _ context: ReportContext) throws -> [Message] {
    try summary.requireAgreement()
    return try render(summary.untold, context)
  }

  /// The subscriber's section of a policy's `report`, with address, own keys and timeout.
  public var key: PolicyKey {
    PolicyKey(
      name: name,
      shape: .object(
        [PolicyKey(name: "url", shape: .url, required: true, help: "Its address.")] + own + [
          PolicyKey(name: "timeout", shape: .duration, fallback: "10s", help: "Longest wait for one answer.")
        ]), help: "\(summary). What can't be delivered is told, and changes no verdict.")
  }
}

extension Subscriber: Hashable {
  public static func == (a: Subscriber, b: Subscriber) -> Bool { a.name == b.name }

  public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

extension RunSummary {
  /// The same without any text of an attack or a response.
  fileprivate var untold: RunSummary {
    var summary = self
    summary.revealed = nil
    for index in summary.newlyBroken.indices { summary.newlyBroken[index].prompt = nil }
    summary.tuning?.examples = []
    return summary
  }
}
