/// A harmless question that must be answered.
public struct BenignQuestion: Hashable, Sendable {
  /// What is asked.
  public let prompt: String
  /// The group that the file puts it in; nil where it names none.
  public let category: String?
  /// Uses the words of an attack with a harmless meaning.
  public let tempting: Bool

  public init(prompt: String, category: String? = nil, tempting: Bool = false) {
    self.prompt = prompt
    self.category = category
    self.tempting = tempting
  }
}
