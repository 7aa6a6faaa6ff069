import Core
import Decisions

/// How reports name a metric for someone who doesn't know its key.
struct MetricWording: Hashable, Sendable {
  private(set) var title: String
  let unit: Unit
  /// What one of the counted things is, where a bare number would leave that open.
  private(set) var noun = ""
  /// Whether it counts attacks that the baseline resists and the candidate does not.
  private(set) var countsNewlyBroken = false

  /// Unknown metrics (of a later version's summary, say) keep their key as title.
  static func named(_ metric: String) -> MetricWording {
    // Cut first: hashing a text of megabytes for each number that is printed takes minutes.
    let metric = PlainText.line(metric)
    guard var wording = all[metric] else { return MetricWording(title: metric, unit: .number) }
    if let words = Words.metric(metric) { (wording.title, wording.noun) = (words.title, words.noun) }
    return wording
  }

  private static let all = Dictionary(
    Metric.all.map { ($0.name, MetricWording($0)) }, uniquingKeysWith: { first, _ in first })
}

extension MetricWording {
  private init(_ metric: Metric) {
    title = metric.title
    unit = metric.unit.scale
    noun = metric.unit.noun
    if case .broken = metric.basis { countsNewlyBroken = true }
  }
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
  var title: String { narrowing.isEmpty ? wording.title : wording.title + Words.brackets(narrowing) }
}

extension String {
  func trimming(_ isUnwanted: (Character) -> Bool) -> String {
    String(drop(while: isUnwanted).reversed().drop(while: isUnwanted).reversed())
  }
}
