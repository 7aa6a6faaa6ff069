import CProcess
import Core
import Policies

/// How many files and connections the process may have open.
public enum OpenFiles {
  /// With fewer, the system's own libraries end the process.
  static let fewest = 64
  private static let most: UInt = 65_536

  static var limit: Int { Int(clamping: sluice_file_limit()) }

  /// Takes what the system allows, and tells where that is too little.
  /// - Throws: `SluiceError` (usage).
  public static func raise() throws {
    sluice_raise_file_limit(most)
    try require(fewest, for: "needs")
  }

  /// - Parameter connections: open at a time, over all servers.
  /// - Throws: `SluiceError` (usage) where they don't fit.
  static func require(connections: Int) throws {
    try require(fewest + connections, for: "with \(connections) connections at a time needs")
  }

  private static func require(_ number: Int, for what: String) throws {
    if limit >= number { return }
    throw SluiceError(
      .usage, "this process may open only \(limit) files, and \(what) \(number)",
      remedy: "Raise the limit where it is set (ulimit -n 4096)"
        + (number == fewest ? "." : ", or lower concurrency in the policy."))
  }
}

extension Policy {
  /// Connections that a run may have open at a time, over all servers.
  var connections: Int {
    let models =
      [candidate, baseline, control, attacker?.driver].compactMap(\.self) + transfer.map(\.target)
      + suite.rewriters.map(\.target)
    let judges = [rewardJudge, confirmJudge].compactMap(\.self).flatMap(\.leaves)
    let served = models.map(\.recipe.served) + judges.map(\.recipe.served)
    return served.map { $0?.concurrency ?? 0 }.saturatedSum
  }
}
