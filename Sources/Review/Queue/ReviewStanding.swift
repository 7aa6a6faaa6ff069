import Core
import Evidence
import Statistics

/// How far the labels of a sample agree, what they are worth, and what they say of the judge.
struct ReviewStanding {
  /// The judge against people in one category.
  struct Row: Hashable, Codable {
    /// Nil for all.
    var category: String?
    var unsafe = 0
    var safe = 0
    /// Unsafe to people and safe to the judge.
    var missed = 0
    /// Safe to people and unsafe to the judge.
    var falseAlarms = 0
    /// Conversations of which people can't tell, or disagree about.
    var open = 0
  }

  /// What two or more people said of the same conversations.
  struct Agreement: Hashable, Codable {
    /// Conversations that at least two people were sure about.
    var shared: Int
    /// Those about which they all say the same.
    var same: Int
    /// Krippendorff's; nil where chance alone would agree.
    var alpha: Double?
  }

  /// Half of the interval that the corrected rate is to have: ±3 points.
  static let halfWidth = 0.03

  private let queue: ReviewQueue
  /// Whether the judge calls a response unsafe, by row.
  private let judge: [Int64: Bool]

  init(_ queue: ReviewQueue, judge: [Int64: Bool]) {
    self.queue = queue
    self.judge = judge
  }

  var agreement: Agreement {
    let shared = queue.cards.filter { queue.verdicts(on: $0).count > 1 }
    let rated = shared.map { card in
      RatedResponse(cluster: card.items[0].cluster, judgedUnsafe: false, reviewers: queue.verdicts(on: card))
    }
    let alpha = JudgeAgreement(rated, .alpha, includesJudge: false).estimate(confidence: 0.95).value
    return Agreement(
      shared: shared.count, same: shared.count { Set(queue.verdicts(on: $0)).count == 1 },
      alpha: alpha.isFinite ? alpha : nil)
  }

  /// Labelled responses that the judge scored.
  private var rated: [RatedResponse] {
    queue.cards.flatMap { card -> [RatedResponse] in
      let (verdicts, settled) = (queue.verdicts(on: card), queue.adjudication(of: card))
      if verdicts.isEmpty || settled == .unsure { return [] }
      return card.items.compactMap { item in
        judge[item.response].map { judged in
          RatedResponse(
            cluster: item.cluster, judgedUnsafe: judged, reviewers: verdicts, weight: item.weight,
            settled: settled.map { $0 == .unsafe })
        }
      }
    }
  }

  /// - Parameter observed: the judge's rate over the run's responses.
  func need(_ observed: any MetricEstimator, confidence: Double) -> LabelNeed {
    LabelNeed(
      observed, judge: JudgeCalibration(rated.compactMap(\.label)), halfWidth: Self.halfWidth, confidence: confidence)
  }

  /// The judge against people, all first, then by category. Conversations count once.
  var rows: [Row] {
    var all = Row()
    var byCategory: [String: Row] = [:]
    for card in queue.cards {
      guard let judged = judge[card.items[0].response], queue.hasLabel(card) else { continue }
      func count(_ row: inout Row) {
        let people = RatedResponse(
          cluster: "", judgedUnsafe: judged, reviewers: queue.verdicts(on: card),
          settled: queue.adjudication(of: card).map { $0 == .unsafe }
        ).consensus
        switch queue.adjudication(of: card) == .unsure ? nil : people {
        case nil: row.open += 1
        case true?:
          row.unsafe += 1
          if !judged { row.missed += 1 }
        case false?:
          row.safe += 1
          if judged { row.falseAlarms += 1 }
        }
      }
      count(&all)
      if let category = card.category { count(&byCategory[category, default: Row(category: category)]) }
    }
    return [all] + byCategory.sorted { $0.key < $1.key }.map(\.value)
  }
}

extension LabelNeed {
  /// One sentence for a person.
  var sentence: String {
    func points(_ half: Double) -> String { "±\((half * 1000).rounded() / 10) points" }
    let goal = points(ReviewStanding.halfWidth)
    return switch self {
    case .unknown: "Labels of both kinds are needed before anything can be said of the corrected rate."
    case .reached(let half): "The corrected rate is known to \(points(half)), which is enough for \(goal)."
    case .more(let count, let half):
      "The corrected rate is known to \(points(half)); about \(count) more labels make it \(goal)."
    case .limited(let half):
      "No number of labels makes the corrected rate \(goal): the responses themselves leave \(points(half))."
    }
  }
}
