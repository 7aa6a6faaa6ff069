import Core

/// What the attacker's reference model is fine-tuned on: requests drawn by the skewed prior, and one harmless question in twenty.
public struct AttackerCorpus: Sendable {
  private let cumulative: [Double]

  /// - Parameter skew: the power that the prior is raised to.
  public init(skew: Int = 1) {
    var total = 0.0
    cumulative = Cell.all.map { cell in
      total += (0..<skew).reduce(1) { weight, _ in weight * Plan.prior(of: cell) }
      return total
    }
  }

  /// Draws a cell by the skewed prior.
  public func cell(_ random: inout SeededGenerator) -> Cell {
    let draw = random.uniformDouble() * (cumulative.last ?? 0)
    return Cell.all[cumulative.firstIndex { draw < $0 } ?? Cell.all.count - 1]
  }

  /// Draws a request, or now and then a harmless question.
  public func prompt(_ random: inout SeededGenerator) -> String {
    random.chance(0.05) ? Benign.question(&random).prompt : Grammar.prompt(of: cell(&random), &random)
  }
}
