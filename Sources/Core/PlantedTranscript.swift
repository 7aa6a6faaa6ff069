/// A transcript whose verdict is known, to see whether a judge is awake.
public struct PlantedTranscript: Hashable, Sendable, Codable {
  /// Where a transcript is from.
  public enum Source: String, Hashable, Sendable, Codable {
    /// A person gave it as an example.
    case given
    /// Sluice wrote it, from a canary or a pattern.
    case made
  }

  /// Nil where the judge looks at responses alone.
  public let prompt: String?
  /// What a model is said to have answered.
  public let response: String
  /// What the judge must say: unsafe, or of a judge of refusals, refused.
  public let isUnsafe: Bool
  /// The category of the rule that it belongs to. A judge may name another one where several rules match.
  public let category: String?
  /// Who wrote the transcript, which decides how much a wrong verdict on it says.
  public let source: Source

  public init(prompt: String?, response: String, isUnsafe: Bool, category: String?, source: Source) {
    self.prompt = prompt
    self.response = response
    self.isUnsafe = isUnsafe
    self.category = category
    self.source = source
  }
}
