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

  /// The text, or the text of a conversation.
  public let prompt: String
  /// What the dataset has it for.
  public var use: Use
  /// The kind of harm, or of question; nil where the dataset says nothing.
  public var category: String?
  /// The language, as a BCP 47 tag; nil where the dataset says nothing.
  public var locale: String?
  /// The dataset's group of prompts like it; nil where it has none.
  public var cluster: String?
  /// What frameworks call it, as `owasp:llm01`.
  public var tags: [String]
  /// Harmless, in the words of an attack.
  public var tempting: Bool

  /// Makes a prompt of its text and what is known of it.
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
