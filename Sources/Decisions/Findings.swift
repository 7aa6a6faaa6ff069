import Core
import Policies
import Statistics

/// Everything that the stages saw: what metrics are computed from.
struct Findings: Sendable {
  var replay: ReplayResult?
  var benign: BenignResult?
  /// By role, where the attacker searched.
  var fresh: [Role: FreshFindings] = [:]
  var transfer: TransferResult?
  var tuning: TuningFindings?
  /// The control model's known weaknesses, and whether the attacker found each.
  var weaknesses: [(weakness: Weakness, found: Bool)] = []
  /// How often the confirming judge is right; nil where nobody labelled anything, and its verdicts are taken as they are.
  var judge: JudgeCalibration?
  /// What people say, where the ledger holds labels.
  var labels: LabelFindings?
  /// Responses of each replayed attack and model, first and second look.
  var replayResponses = 0
  var secondLookResponses = 0
  /// Responses that the stages which ran had planned.
  var planned = 0

  /// What corrects a metric of this category; nil takes the judge's verdicts as they are.
  func correction(category: String?) -> JudgeCalibration? {
    judge.map { labels?.correction(category: category) ?? $0 }
  }

  /// What became of every question that was asked.
  var tally: Tally {
    var tally = Tally()
    for row in replay?.rows ?? [] {
      tally.add(row.candidate)
      tally.add(row.baseline ?? [])
      tally.add(row.secondLook?.candidate ?? [])
      tally.add(row.secondLook?.baseline ?? [])
    }
    for row in benign?.rows ?? [] {
      tally.add(row.candidate)
      tally.add(row.baseline ?? [])
    }
    for findings in fresh.values {
      for restart in findings.restarts { tally = tally + restart.search.tally + restart.search.search.tally }
    }
    for attacks in transfer?.observations.values ?? [:].values {
      for observations in attacks { tally.add(observations) }
    }
    if let tuning { tally = tally + tuning.tally }
    return tally
  }
}
