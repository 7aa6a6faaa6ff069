import Core

extension Stage {
  /// Reads a list such as `replay,decide`. Preflight always runs: without it nothing is proved to exist.
  /// - Throws: `SluiceError` (usage) for an unknown name, an empty list, or `confirm` without what it confirms.
  public static func list(_ text: String) throws -> Set<Stage> {
    let names = text.split(separator: ",", omittingEmptySubsequences: false).map { $0.filter { $0 != " " } }
    var stages: Set<Stage> = [.preflight]
    for name in names {
      guard let stage = Stage(rawValue: name) else {
        throw SluiceError(
          .usage, "unknown stage '\(name)' in --stages",
          remedy: "The stages are \(allCases.map(\.rawValue).joined(separator: ", ")); separate them with commas.")
      }
      stages.insert(stage)
    }
    if stages.contains(.confirm) && !stages.contains(.regenerate) {
      throw SluiceError(
        .usage, "stage 'confirm' needs stage 'regenerate'",
        remedy: "There is nothing to confirm otherwise; add regenerate to --stages (found searches are reused).")
    }
    if stages.contains(.transfer) && !stages.contains(.confirm) {
      throw SluiceError(
        .usage, "stage 'transfer' needs stages 'regenerate' and 'confirm'",
        remedy: "Only confirmed attacks are transferred; add both to --stages.")
    }
    return stages
  }
}
