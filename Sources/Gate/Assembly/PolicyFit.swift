import Core
import Decisions
import Kinds
import Policies
import Statistics
import Suites

/// Whether a policy's checks can be decided on its files at all: what can't is told before anything is paid for.
struct PolicyFit {
  private let policy: Policy
  private let suite: [SuiteAttack]
  private let benign: [BenignQuestion]

  init(_ policy: Policy, suite: [Attack], benign: [BenignQuestion]) {
    self.policy = policy
    self.suite = NearCopies(suite.map { SuiteAttack(attack: $0, foundOn: nil) }).attacks
    self.benign = benign
  }

  /// - Throws: `PolicyErrors` with every check that can only end inconclusive.
  func require() throws {
    let errors = policy.checks.flatMap { [category($0), transform($0), size($0)].compactMap(\.self) }
    if !errors.isEmpty { throw PolicyErrors(errors) }
  }

  private func category(_ check: Check) -> SluiceError? {
    guard let category = check.category,
      [.rate(.file), .change(.file)].contains(check.metric.basis)
    else { return nil }
    let known = Set(suite.compactMap(\.attack.category)).sorted()
    if known.contains(category) { return nil }
    return SluiceError(
      .usage, "\(check.name): no attack of the suite has the category '\(category)'",
      at: policy.places["\(check.name) category"],
      remedy: known.isEmpty
        ? "The attacks in \(policy.suite.seeds) have no category."
        : (nearest(category, in: known).map { "Did you mean '\($0)'? " } ?? "")
          + "The suite has: \(known.joined(separator: ", ")).")
  }

  private func transform(_ check: Check) -> SluiceError? {
    guard let transform = check.transform, !suite.contains(where: { $0.attack.transform == transform }) else {
      return nil
    }
    return SluiceError(
      .usage, "\(check.name): no attack of the suite is changed by \(transform)", at: policy.places[check.name],
      remedy: "Take it out of suite.transforms.")
  }

  /// A rate's upper bound is never below what a share of kinds that the suite happened to miss would make of it.
  private func size(_ check: Check) -> SluiceError? {
    guard let limit = check.limit.atMost, limit < 1, !policy.decidesOnEstimates else { return nil }
    let (units, one, what): (Int, String, String)
    switch check.metric.basis {
    case .rate(.file):
      units = Set(suite.filter { $0.isOf(check.selection) }.map(\.unit)).count
      (one, what) = ("cluster of attacks", "clusters of attacks")
    case .questions(compares: false):
      (units, one, what) = (benign.count, "harmless question", "harmless questions")
    default: return nil
    }
    if units == 0 { return nil }
    let least = SampleSize.leastClusters(limit: limit, confidence: policy.confidence)
    if let least, units >= least { return nil }
    return SluiceError(
      .usage,
      "\(check.name) can never pass: \(counted(units, one, what)) can't show that a rate is at most \(limit), not even of a flawless model",
      at: policy.places[check.name],
      remedy: least.map {
        "It takes \(counted($0, one, what)) at \(policy.confidence) confidence; add some, or raise the limit."
      }
        ?? "No number of them shows that a rate is 0: set a limit above 0.")
  }
}
