import Core
import Decisions

/// What a search has asked, as its oracle counts it, for a search that goes on.
///
/// It is written time and again, and nearly all prompts have one of a few outcomes: those stand in it once.
struct OracleStanding: Codable {
  /// Distinct prompts, oldest first.
  let prompts: [String]
  /// Samples of each.
  let samples: [Int]
  /// Outcomes that there are.
  private let outcomes: [OutcomeCounts]
  /// Place of each prompt's among them; −1 for none yet.
  private let places: [Int]
  /// Responses that confirmed or refuted each claim, as far as there are any.
  let confirming: [String: Int]

  init(prompts: [String], samples: [String: Int], counts: [String: OutcomeCounts], confirming: [String: Int]) {
    self.prompts = prompts
    self.samples = prompts.map { samples[$0] ?? 0 }
    self.confirming = confirming
    var places: [OutcomeCounts: Int] = [:]
    var outcomes: [OutcomeCounts] = []
    self.places = prompts.map { prompt in
      guard let count = counts[prompt] else { return -1 }
      if let place = places[count] { return place }
      places[count] = outcomes.count
      outcomes.append(count)
      return outcomes.count - 1
    }
    self.outcomes = outcomes
  }

  /// Whether it can be one that was made here.
  var isWhole: Bool {
    Set(prompts).count == prompts.count && samples.count == prompts.count && places.count == prompts.count
      && places.allSatisfy { $0 == -1 || outcomes.indices.contains($0) }
  }

  /// What became of a prompt's samples; nil where nothing has yet.
  func counts(_ index: Int) -> OutcomeCounts? { places[index] < 0 ? nil : outcomes[places[index]] }
}
