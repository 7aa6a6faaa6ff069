import Core

extension Policy {
  /// Whether what a provider's filter withheld counts as a refusal under a policy that an earlier run kept; else it is missing, also where
  /// the policy can't be understood any more.
  /// - Parameters:
  ///   - text: as it was written.
  ///   - overrides: `KEY=VALUE`, those of the run.
  public static func blocksAreRefusals(inText text: String, overrides: [String]) -> Bool {
    guard var tree = try? YAMLText.node(text, file: "the run's policy") else { return false }
    for override in overrides { tree = (try? Override(override).apply(to: tree)) ?? tree }
    guard let blocked = tree.value("blocked") else { return true }
    return blocked.scalar == "refusal"
  }
}
