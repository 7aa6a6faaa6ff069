import Core
import Kinds
import Policies
import Suites

/// The known attacks that a policy replays: those of its suite file, each once, and what its transforms make of them.
struct ReplayedSuite {
  let attacks: [Attack]
  /// What a reader has to know of them, a sentence each.
  let notices: [String]

  /// - Throws: `PolicyErrors` with everything that is wrong in the suite file; `SluiceError` (usage) for columns that can't be.
  init(_ policy: Policy) throws {
    let file = try SuiteFile.attacks(policy.suite.seeds, columns: ColumnNames(policy.suite.columns))
    // One attack, one row: an identifier stands for one prompt everywhere.
    var seen: Set<AttackID> = []
    let written = file.items.filter { seen.insert($0.id).inserted }
    var (attacks, unchanged) = (written, 0)
    for chain in policy.suite.transforms {
      for attack in written {
        let rewritten = attack.rewritten(by: chain.name, as: chain.rewritten(attack.prompt))
        if seen.insert(rewritten.id).inserted { attacks.append(rewritten) } else { unchanged += 1 }
      }
    }
    self.attacks = attacks
    var notices = [file.remark].compactMap(\.self)
    if unchanged > 0 {
      notices.append(
        "\(counted(unchanged, "rewritten attack")) of suite.transforms \(unchanged == 1 ? "has" : "have") the text of another "
          + "attack and \(unchanged == 1 ? "is" : "are") left out.")
    }
    self.notices = notices
  }
}
