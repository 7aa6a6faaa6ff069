import Core
import Evidence
import Foundation

/// Takes texts out of a ledger for good: at somebody's word, or as a policy says.
public struct LedgerRetention {
  /// Whose texts are to go.
  public enum Subject: Hashable, Sendable {
    /// Seconds.
    case olderThan(Double)
    /// A run's identifier, or `last`.
    case run(String)
    /// An attack's identifier, or its beginning.
    case attack(String)
  }

  private let ledger: Ledger

  /// - Throws: `SluiceError` where the ledger isn't there, or can't be written.
  public init(ledger path: String) throws { ledger = try Ledger(existing: path) }

  /// - Throws: `SluiceError` (usage) for a run or attack that isn't there.
  public func purge(
    _ subject: Subject, keepsSuite: Bool, reason: String?, who: LedgerActor = .current(), now: Date = Date()
  ) throws -> Purged {
    let scope: PurgeScope
    let text: String
    switch subject {
    case .olderThan(let seconds):
      scope = .olderThan(now.timeIntervalSince1970 - seconds)
      text = "texts of runs that ended \(Int(seconds / 86_400)) days ago or earlier"
    case .run(let run):
      guard try ledger.run(run) != nil else {
        throw SluiceError(
          .usage, "there is no run \(run)", at: SourceLocation(file: ledger.path),
          remedy: "sluice ledger show lists them.")
      }
      scope = .run(run)
      text = "texts of run \(run)"
    case .attack(let attack):
      let (id, prompts) = try ledger.attack(attack)
      // What a rewriter was asked of the attack holds its words.
      let asked = try ledger.prompts(
        askedOf: RewriterTarget.mark, holding: prompts.flatMap { RewritingPass.fences(of: $0.text) })
      let beginnings = try prompts.flatMap { try SearchedBeginnings(of: $0.text)?.prompts(in: ledger) ?? [] }
      scope = .prompts(prompts.map(\.prompt) + asked + beginnings)
      text = "texts of attack \(id)"
    }
    return try ledger.purge(
      scope, keepsSuite: keepsSuite, eraser: .searches,
      act: LedgerAct(who: who, reason: reason, subject: text + (keepsSuite ? ", the suite's prompts kept" : "")),
      now: now.timeIntervalSince1970)
  }

  /// What a policy's `ledger.retention` does at the end of a run.
  /// - Parameter seconds: for which texts are kept after a run's end.
  /// - Returns: nil where nothing was old enough.
  static func apply(_ seconds: Double, to ledger: Ledger, policy: String, now: Date) throws -> Purged? {
    let scope = PurgeScope.olderThan(now.timeIntervalSince1970 - seconds)
    guard try ledger.needsPurge(scope, keepsSuite: true) else { return nil }
    return try ledger.purge(
      scope, keepsSuite: true, eraser: .searches,
      act: LedgerAct(
        who: .current(), reason: "ledger.retention of policy \(policy)",
        subject: "texts of runs that ended \(Int(seconds / 86_400)) days ago or earlier, the suite's prompts kept"),
      now: now.timeIntervalSince1970)
  }
}
