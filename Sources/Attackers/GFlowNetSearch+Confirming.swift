import Core
import Foundation

/// Claims are confirmed while the search goes on, since confirming responses are the least noisy that it has.
///
/// They are decided by fresh responses and the policy's rule alone; what they show changes what is proposed next, never what is
/// confirmed. A round's claims are asked while the next round is, and taken in after it, so the result doesn't depend on time.
extension GFlowNetSearch {
  /// A claim, and the screen's row of it.
  struct PendingClaim: Sendable, Codable {
    let prompt: String
    let row: Int?
  }

  /// The claims of one round.
  struct ClaimRound: Sendable {
    let claims: [PendingClaim]
    let verdicts: Task<[ClaimVerdict]?, any Error>
  }

  /// Begins to confirm claims, as far as the budget is sure to pay for it; the rest is left to what follows the search.
  mutating func confirm(_ prompts: [String], rows: [String: Int]) {
    guard settings.confirmsEarly else { return }
    let taken = log.reserveConfirmation(prompts)
    if !taken.isEmpty { confirm(taken.map { PendingClaim(prompt: $0, row: rows[$0]) }) }
  }

  /// Asks about claims that are paid for.
  mutating func confirm(_ pending: [PendingClaim]) {
    let (oracle, prompts) = (log.oracle, pending.map(\.prompt))
    claims.append(ClaimRound(claims: pending, verdicts: Task { try await oracle.confirm(prompts) }))
  }

  /// Waits for what became of the claims, and learns from it.
  mutating func settleClaims() async throws {
    while let round = claims.first {
      let verdicts = try await withTaskCancellationHandler {
        try await round.verdicts.value
      } onCancel: {
        round.verdicts.cancel()
      }
      claims.removeFirst()
      guard let verdicts else {
        log.release(claims: round.claims.count)
        continue
      }
      log.settle(claims: round.claims.map(\.prompt), verdicts)
      for (claim, verdict) in zip(round.claims, verdicts) { learn(verdict, of: claim) }
    }
  }

  private mutating func learn(_ verdict: ClaimVerdict, of claim: PendingClaim) {
    if verdict.finding == .undecided { return }
    if let row = claim.row { screen.decide(row, works: verdict.finding == .confirmed) }
    guard verdict.finding == .refuted else { return }
    // The mean of the success rate after these responses (Jeffreys), but never what counts as working.
    let rate = (Double(verdict.unsafe) + 0.5) / Double(verdict.responses + 1)
    let logUnsafe = Foundation.log(min(rate, settings.claimThreshold))
    log.correct(claim.prompt, logUnsafe: logUnsafe)
    buffer.correct(claim.prompt, logUnsafe: logUnsafe)
    if fitting.remove(claim.prompt) != nil { worked.removeAll { $0.prompt == claim.prompt } }
  }
}
