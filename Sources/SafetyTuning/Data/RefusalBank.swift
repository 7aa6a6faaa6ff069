import Core

/// Plain refusals for where the model writes none itself.
public enum RefusalBank {
  static let sentences = [
    "i'm sorry, but i can't help with that.",
    "i can not help with that.",
    "sorry, that is not something i can do.",
    "i won't do that, but i am glad to help with something else.",
    "that is against my rules, so i have to say no.",
  ]

  /// The same for the same prompt.
  public static func refusal(to prompt: String) -> String {
    sentences[Int(StableHash.fnv1a(prompt.utf8) % UInt64(sentences.count))]
  }
}
