import Core

/// Which clusters of attacks are tuned on and which are held out.
///
/// Whole clusters go to one side: a rewording of an attack that was tuned on says nothing about attacks that weren't.
/// Whether a cluster is held out depends on the seed and the cluster's place among all of a run, so that what is held out
/// of one variant is held out of all.
public struct ClusterSplit: Hashable, Sendable {
  /// Clusters that nothing is tuned on.
  public let heldOut: Set<Int>

  /// - Parameters:
  ///   - clusters: by attack.
  ///   - share: of the clusters; at least one is held out and one kept where there are two.
  public init(_ clusters: [Int], heldOutShare share: Double, seed: UInt64) {
    var random = SeededGenerator(seed: seed, stream: "held out")
    let names = Set(clusters).sorted().shuffled(using: &random)
    let wanted = Int((Double(names.count) * share).rounded())
    let count = share > 0 && names.count > 1 ? min(max(1, wanted), names.count - 1) : 0
    heldOut = Set(names.prefix(count))
  }
}
