import Kinds
import Reports

/// Which reports a run writes.
public struct ReportPolicy: Sendable, Hashable {
  /// A report and its file.
  public struct Output: Sendable, Hashable {
    /// The format.
    public let reporter: Reporter
    /// Where it goes.
    public let path: String
    /// What its owner calls it: a policy's key or an option.
    public let key: String

    /// - Parameter key: nil for the policy's.
    public init(_ reporter: Reporter, path: String, key: String? = nil) {
      self.reporter = reporter
      self.path = path
      self.key = key ?? "report.\(reporter.name)"
    }
  }

  /// A service that is told of the verdict, and how it is reached.
  public struct Delivery: Sendable, Hashable {
    /// What is sent.
    public let subscriber: Subscriber
    /// Where it goes, without credentials.
    public let url: String
    /// Names and values of header fields; values may be secrets.
    public let headers: [String: String]
    /// The environment variable that holds the secret to sign with; nil where nothing is signed.
    public let secretVariable: String?
    /// How long the service may take to answer.
    public let timeout: Duration

    /// Makes a delivery by a POST to `url`.
    public init(
      _ subscriber: Subscriber, url: String, headers: [String: String] = [:], secretVariable: String? = nil,
      timeout: Duration = .seconds(10)
    ) {
      self.subscriber = subscriber
      self.url = url
      self.headers = headers
      self.secretVariable = secretVariable
      self.timeout = timeout
    }

    init?(_ subscriber: Subscriber, _ section: Section) {
      guard let url = section.text("url") else { return nil }
      self.init(
        subscriber, url: url,
        headers: Dictionary((section.headers["headers"] ?? []).map { ($0.name, $0.value) }) { first, _ in first },
        secretVariable: section.text("secret_env"), timeout: section.duration("timeout") ?? .seconds(10))
    }
  }

  /// Reports that are written, each to a file of its own.
  public var outputs: [Output]
  /// In the order of the schema.
  public var deliveries: [Delivery]
  /// Whether reports may show attack and response text.
  public var reveal: Bool
  /// Whether reports name the machine that the run was on.
  public var namesHost: Bool
  /// What people read is in this language.
  public var language: Language

  /// Writes these reports, and shows what else is said.
  public init(
    _ outputs: [Output], deliveries: [Delivery] = [], reveal: Bool, namesHost: Bool = false,
    language: Language = .english
  ) {
    self.outputs = outputs
    self.deliveries = deliveries
    self.reveal = reveal
    self.namesHost = namesHost
    self.language = language
  }

  /// The same beside the usual reports: `junit.partial.xml` for `junit.xml`. No service is told: a part's verdict is not the release's.
  public var partial: ReportPolicy {
    var report = self
    report.deliveries = []
    report.outputs = outputs.map { Output($0.reporter, path: Self.partial($0.path), key: $0.key) }
    return report
  }

  /// Where the report of a partial run goes instead of a path.
  public static func partial(_ path: String) -> String {
    // A device is no file that could be overwritten.
    if path.hasPrefix("/dev/") { return path }
    let folder = path.folderOfPath
    let name = folder.isEmpty ? path : String(path.dropFirst(folder.count))
    let dot = name.dropFirst().lastIndex(of: ".")
    return folder + (dot.map { String(name[..<$0]) + ".partial" + String(name[$0...]) } ?? name + ".partial")
  }

  init(_ section: Section, _ kinds: Catalogue) {
    self.init(
      kinds.reporters.compactMap { reporter in
        section.text(reporter.name).map {
          Output(reporter, path: $0)
        }
      },
      deliveries: kinds.subscribers.compactMap { kind in section.child(kind.name).flatMap { Delivery(kind, $0) } },
      reveal: section.toggle("reveal"), namesHost: section.toggle("host"),
      language: section.text("language").flatMap(Language.init) ?? .english)
  }
}
