/// One exchange for training.
public struct Transcript: Hashable, Sendable {
  public let prompt: String
  public let response: String

  public init(prompt: String, response: String) {
    self.prompt = prompt
    self.response = response
  }
}
