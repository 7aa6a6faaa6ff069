import Core
import GRDB

extension Ledger {
  /// The policy of a run as it was written, without its secrets; nil where there is no such run.
  public func policyText(of run: String) throws -> String? {
    try read { db in
      try Row.fetchOne(
        db, sql: "SELECT \(ExactText.read("policyText")) FROM runs WHERE id = \(ExactText.bound)",
        arguments: [exact(run)]
      ).map { try $0.exactText("policyText") }
    }
  }
}
