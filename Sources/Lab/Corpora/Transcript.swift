/// One exchange for training.
public struct Transcript: Hashable, Sendable {
  /// What the user says.
  public let prompt: String
  /// What the assistant says.
  public let response: String

  public init(prompt: String, response: String) {
    self.prompt = prompt
    self.response = response
  }
}
