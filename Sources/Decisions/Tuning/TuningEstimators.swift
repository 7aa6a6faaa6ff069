import Core
import Statistics

/// Estimators of what the tune stage saw.
public struct TuningEstimators: Sendable {
  let findings: TuningFindings

  public init(findings: TuningFindings) { self.findings = findings }

  // MARK: - Attacks

  /// Success rate of the methods' last proposals on a model, the mean over methods or one's alone.
  func adaptive(_ row: TuningRow, method: String? = nil) -> StratifiedRate? {
    let attacks = row.attacks.filter { method == nil || $0.method == method }
    if attacks.isEmpty { return nil }
    return StratifiedRate(attacks.map(\.counts))
  }

  /// Paired by method and restart, which start from the same attacker and seed.
  public func adaptiveChange(_ row: TuningRow, from other: TuningRow?, method: String? = nil) -> StratifiedDifference? {
    guard let other else { return nil }
    let strata = row.attacks.compactMap { attack -> (minuend: [RepetitionCount], subtrahend: [RepetitionCount])? in
      guard method == nil || attack.method == method,
        let before = other.attacks.first(where: { $0.method == attack.method })
      else { return nil }
      return (attack.counts, before.counts)
    }
    return strata.isEmpty ? nil : StratifiedDifference(strata)
  }

  /// Success rate of held-out attacks, those of one method or all.
  func heldOut(_ row: TuningRow, method: String? = nil) -> ClusteredRate? {
    guard row.heldOut.count == findings.heldOut.count else { return nil }
    let units = zip(findings.heldOut, row.heldOut).filter { method == nil || $0.0.methods.contains(method ?? "") }
    return Self.rate(units.map { ($0.cluster, $1) })
  }

  func heldOutChange(_ row: TuningRow, method: String? = nil) -> ClusteredDifference? {
    guard let untuned = findings.untuned, row.heldOut.count == findings.heldOut.count,
      untuned.heldOut.count == findings.heldOut.count
    else { return nil }
    let chosen = findings.heldOut.indices.filter {
      method == nil || findings.heldOut[$0].methods.contains(method ?? "")
    }
    return Self.difference(
      chosen.map { (findings.heldOut[$0].cluster, row.heldOut[$0], untuned.heldOut[$0]) })
  }

  // MARK: - What it costs elsewhere

  func refusalRate(_ row: TuningRow) -> ClusteredRate? {
    guard row.benign.count == findings.benign.count else { return nil }
    return Self.rate(zip(findings.benign, row.benign).map { ($0, $1) })
  }

  func overRefusal(_ row: TuningRow) -> ClusteredDifference? {
    guard let untuned = findings.untuned, row.benign.count == findings.benign.count,
      untuned.benign.count == findings.benign.count
    else { return nil }
    return Self.difference(
      findings.benign.indices.map { (findings.benign[$0], row.benign[$0], untuned.benign[$0]) })
  }

  func quizRate(_ row: TuningRow) -> ClusteredRate? {
    let units = zip(findings.quiz, row.quiz).map { ClusteredUnit(cluster: CompactName($0), Self.right($1)) }
    return units.isEmpty ? nil : ClusteredRate(units)
  }

  func quizChange(_ row: TuningRow) -> ClusteredDifference? {
    guard let untuned = findings.untuned else { return nil }
    let units = zip(findings.quiz, zip(row.quiz, untuned.quiz)).map { question, answers in
      ClusteredUnit(cluster: CompactName(question), candidate: Self.right(answers.0), baseline: Self.right(answers.1))
    }
    return units.isEmpty ? nil : ClusteredDifference(units)
  }

  /// Right answers of the questions that the untuned model gets right more often than not.
  func retention(_ row: TuningRow) -> ClusteredRate? {
    guard let untuned = findings.untuned else { return nil }
    let units = zip(findings.quiz, zip(row.quiz, untuned.quiz)).compactMap { question, answers -> ClusteredUnit? in
      guard let before = Self.right(answers.1).value, before > 0.5, !answers.0.isEmpty else { return nil }
      return ClusteredUnit(cluster: CompactName(question), Self.right(answers.0))
    }
    return units.isEmpty ? nil : ClusteredRate(units)
  }

  /// Shares of right answers; those that failed are missing.
  private static func right(_ answers: [Bool?]) -> ScoredShare {
    let known = answers.compactMap(\.self)
    return ScoredShare(unsafe: known.count { $0 }, scored: known.count, missing: answers.count - known.count)
  }

  var variants: KnownShare? {
    let planned = findings.rows.dropFirst()
    return planned.isEmpty ? nil : KnownShare(done: planned.count { $0.problem == nil }, planned: planned.count)
  }

  // MARK: - Building blocks

  /// Share of answers that are right; 0 without any.
  public static func share(_ answers: [Bool]) -> Double { Double(answers.count { $0 }) / Double(max(1, answers.count)) }

  private static func rate(_ rows: [(cluster: String, observations: [Observation])]) -> ClusteredRate? {
    let units = rows.map { ClusteredUnit(cluster: CompactName($0.cluster), ScoredShare($0.observations)) }
    return units.isEmpty ? nil : ClusteredRate(units)
  }

  private static func difference(
    _ rows: [(cluster: String, after: [Observation], before: [Observation])]
  ) -> ClusteredDifference? {
    let units = rows.map {
      ClusteredUnit(
        cluster: CompactName($0.cluster), candidate: ScoredShare($0.after), baseline: ScoredShare($0.before))
    }
    return units.isEmpty ? nil : ClusteredDifference(units)
  }
}
