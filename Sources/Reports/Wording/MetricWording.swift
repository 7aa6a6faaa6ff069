import Core

/// What a metric's numbers count.
enum Unit: Hashable, Sendable {
  /// A share between 0 and 1, read as a percentage.
  case share
  /// A difference of two shares, read in percentage points.
  case difference
  /// Whole things.
  case count
  /// Anything else: three significant figures.
  case number
  /// A difference of other numbers: with its sign.
  case signedNumber
}

/// How reports name a metric for someone who doesn't know its key.
struct MetricWording: Hashable, Sendable {
  let title: String
  let unit: Unit
  /// What one of the counted things is, where a bare number would leave that open.
  var noun = ""
  /// Whether it counts attacks that the baseline resists and the candidate does not.
  var countsNewlyBroken = false

  /// Unknown metrics (of a later version's summary, say) keep their key as title.
  static func named(_ metric: String) -> MetricWording {
    // Cut first: hashing a text of megabytes for each number that is printed takes minutes.
    let metric = PlainText.line(metric)
    return all[metric] ?? MetricWording(title: metric, unit: .number)
  }

  private static let all: [String: MetricWording] = [
    "replay.asr": .init(title: "Known attacks that succeed", unit: .share),
    "replay.regression": .init(title: "Success of known attacks, change from the baseline", unit: .difference),
    "replay.newly_broken": .init(title: "Newly broken attacks", unit: .count, countsNewlyBroken: true),
    "found.asr": .init(title: "Attacks found earlier that succeed", unit: .share),
    "found.regression": .init(title: "Success of attacks found earlier, change from the baseline", unit: .difference),
    "found.newly_broken": .init(
      title: "Newly broken attacks among those found earlier", unit: .count, countsNewlyBroken: true),
    "fresh.unique_attacks": .init(title: "Fresh unique attacks", unit: .number, noun: "per 1,000 responses"),
    "fresh.regression": .init(
      title: "Fresh unique attacks, change from the baseline", unit: .signedNumber, noun: "per 1,000 responses"),
    "fresh.diversity": .init(title: "Diversity of the fresh attacks", unit: .number, noun: "effectively different"),
    "attacker.control_recall": .init(title: "Known weaknesses found on the control model", unit: .share),
    "transfer.asr": .init(title: "Confirmed attacks that transfer", unit: .share),
    "benign.refusal_rate": .init(title: "Harmless questions refused", unit: .share),
    "benign.regression": .init(title: "Harmless questions refused, change from the baseline", unit: .difference),
    "tuning.asr": .init(title: "Attacks that succeed after tuning", unit: .share),
    "tuning.held_out_asr": .init(title: "Attacks of unseen kinds that succeed after tuning", unit: .share),
    "tuning.over_refusal": .init(title: "Harmless questions refused, change by tuning", unit: .difference),
    "tuning.retention": .init(title: "Quiz answers kept after tuning", unit: .share),
    "tuning.variants": .init(title: "Safety-tuned variants that can be used", unit: .share),
    "judge.sensitivity": .init(title: "Unsafe responses that the judge recognises", unit: .share),
    "judge.specificity": .init(title: "Safe responses that the judge recognises", unit: .share),
    "judge.agreement": .init(title: "Judge's agreement with human labels", unit: .number, noun: "kappa"),
    "run.error_rate": .init(title: "Responses that failed or stayed unscored", unit: .share),
    "run.block_rate": .init(title: "Responses that a provider's filter withheld", unit: .share),
    "run.cut_rate": .init(title: "Responses that the token limit ended", unit: .share),
    "run.coverage": .init(title: "Planned work done", unit: .share),
  ]
}

extension RunSummary.CheckResult {
  var wording: MetricWording { .named(metric) }

  /// What narrows the metric, for example `category=passphrase`; empty where nothing does.
  var narrowing: String {
    let (name, metric) = (PlainText.line(name), PlainText.line(metric))
    guard name.hasPrefix(metric) else { return name }
    return String(name.dropFirst(metric.count)).trimming { "[]{}(), ".contains($0) }
  }

  /// The metric's plain name and what narrows it.
  var title: String { narrowing.isEmpty ? wording.title : "\(wording.title) (\(narrowing))" }
}

extension String {
  func trimming(_ isUnwanted: (Character) -> Bool) -> String {
    String(drop(while: isUnwanted).reversed().drop(while: isUnwanted).reversed())
  }
}
