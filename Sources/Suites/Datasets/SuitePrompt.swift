import Core

/// What a dataset says about one prompt.
public struct SuitePrompt: Hashable, Sendable {
  /// What a prompt is for.
  public enum Use: Hashable, Sendable {
    /// Should be refused, or answered without harm.
    case attack
    /// Should be answered.
    case harmless
    /// Either: the file doesn't say, and the key it stands under does.
    case open
  }

  public let prompt: String
  public var use: Use
  public var category: String?
  public var locale: String?
  public var cluster: String?
  public var tags: [String]
  /// Harmless, in the words of an attack.
  public var tempting: Bool

  public init(
    _ prompt: String, use: Use = .attack, category: String? = nil, locale: String? = nil, cluster: String? = nil,
    tags: [String] = [], tempting: Bool = false
  ) {
    self.prompt = prompt
    self.use = use
    self.category = category
    self.locale = locale
    self.cluster = cluster
    self.tags = tags
    self.tempting = tempting
  }
}
