/// A file or checkpoint that a kind reads, so that a run's identity rests on it and nothing is written over it.
public struct InputFile: Hashable, Sendable {
  /// What it is of its owner, for messages, for example `rules`.
  public let noun: String
  /// Its path, as the policy resolves it.
  public let path: String
  /// Whether it is a checkpoint: a folder, or one file of weights.
  public let isCheckpoint: Bool

  /// Makes an input of its owner's word for it and its path.
  public init(_ noun: String, path: String, isCheckpoint: Bool = false) {
    self.noun = noun
    self.path = path
    self.isCheckpoint = isCheckpoint
  }
}
