import Core
import Statistics

/// Draws second looks for a number of newly broken attacks and decides a check on them.
struct BrokenSimulation: Sendable {
  let limit: Limit
  /// Attacks that are compared.
  let attacks: Int
  /// First responses an attack and model.
  let responses: Int
  /// Those of the second look.
  let secondLook: Int
  /// The levels of Holm's procedure, hardest first.
  let levels: [Double]
  private let screen: BrokenScreen

  init(_ check: Check, attacks: Int, responses: Int, secondLook: Int, levels: [Double]) {
    (limit, self.attacks, self.responses) = (check.limit, attacks, responses)
    (self.secondLook, self.levels) = (secondLook, levels)
    screen = BrokenScreen(
      attacks: attacks, screen: responses, confirm: secondLook, effect: check.effect,
      control: check.errorControl == .familyWise ? .familyWise : .falseDiscovery)
  }

  /// Steps of one draw.
  var work: Int { attacks + 40 * secondLook + 4_000 }

  /// P(more of `responses` first responses are unsafe at rate `a` than at rate `b`).
  static func suspicion(_ responses: Int, candidate a: Double, baseline b: Double) -> Double {
    (0...responses).reduce(0) { sum, unsafe in
      sum + Distributions.binomialPMF(unsafe, n: responses, p: a)
        * Distributions.binomialCDF(unsafe - 1, n: responses, p: b)
    }
  }

  /// Suspects that are expected of a pair of models among so many attacks.
  static func suspects(_ pair: ModelPair, attacks: Double, responses: Int) -> Double {
    attacks * pair.mean { suspicion(responses, candidate: $0, baseline: $1) }
  }

  /// Responses of a second look that are expected of either model for a suspect: `secondLook` where it isn't cleared.
  static func looks(_ pair: ModelPair, responses: Int, secondLook: Int) -> Double {
    let first = NewlyBroken.clearingSize(secondLook)
    if first == 0 { return Double(secondLook) }
    let goesOn = pair.mean { candidate, baseline in
      suspicion(responses, candidate: candidate, baseline: baseline)
        * suspicion(first, candidate: candidate, baseline: baseline)
    }
    let suspects = suspects(pair, attacks: 1, responses: responses)
    return Double(first) + (suspects > 0 ? goesOn / suspects : 0) * Double(secondLook - first)
  }

  /// Draws one suspect's second look.
  private func look(
    _ candidate: Double, _ baseline: Double, _ tables: inout BinomialTables, _ random: inout SeededGenerator
  ) -> BrokenScreen.Look {
    let first = NewlyBroken.clearingSize(secondLook)
    func unsafe(_ trials: Int, _ p: Double) -> Int { tables.quantile(random.uniformDouble(), trials: trials, p: p) }
    let begun = (candidate: unsafe(first, candidate), baseline: unsafe(first, baseline))
    if first > 0 && begun.candidate <= begun.baseline { return .cleared }
    return .init(
      candidate: begun.candidate + unsafe(secondLook - first, candidate),
      baseline: begun.baseline + unsafe(secondLook - first, baseline))
  }

  /// The check's p-value, rounded up to the levels, with its verdict.
  /// - Parameters:
  ///   - broken: attacks that the baseline resists and the candidate doesn't.
  ///   - mixture: of all other attacks, on both models.
  func decisions(
    broken: Int, mixture: AssumedModels.Mixture, draws: Int, seed: UInt64
  ) -> [ClusterSums.Decision] {
    var random = SeededGenerator(seed: seed, stream: "plan newly broken \(broken)")
    let points = EvenPoints(dimensions: 4, shift: (0..<4).map { _ in random.uniformDouble() })
    var (tables, screen, powers) = (BinomialTables(), screen, [Key: Double]())
    let pairs = [(mixture.weak, mixture.other), (mixture.weak, mixture.weak), (mixture.other, mixture.other)]
    let suspicions = pairs.map { Self.suspicion(responses, candidate: $0, baseline: $1) }
    let broken = min(broken, attacks)
    return (0..<draws).map { draw in
      let point = points.point(draw)
      let weak = tables.quantile(point[0], trials: attacks - broken, p: mixture.share)
      let numbers = [broken, weak, attacks - broken - weak]
      var looks: [BrokenScreen.Look] = []
      for (kind, (candidate, baseline)) in pairs.enumerated() {
        let number = tables.quantile(point[kind + 1], trials: numbers[kind], p: suspicions[kind])
        for _ in 0..<number { looks.append(look(candidate, baseline, &tables, &random)) }
      }
      return decision(screen.p(looks), powers: &powers)
    }
  }

  private struct Key: Hashable {
    let suspects: Int
    let level: Int
  }

  /// Up to three parts in a hundred more, so that powers are worth keeping: a harder test, if anything.
  static func rounded(_ suspects: Int) -> Int {
    if suspects <= 64 { return suspects }
    let step = max(1, suspects / 32)
    return (suspects + step - 1) / step * step
  }

  private func decision(
    _ p: [Double], powers: inout [Key: Double]
  ) -> ClusterSums.Decision {
    let suspects = Self.rounded(p.count)
    func verdict(_ level: Int) -> Verdict {
      let key = Key(suspects: suspects, level: level)
      let power = powers[key] ?? screen.power(suspects: suspects, alpha: levels[level])
      powers[key] = power
      return screen.verdict(p, limit: limit, alpha: levels[level], power: power)
    }
    // What is decided at a hard level is decided at an easier one.
    var (low, high) = (0, levels.count)
    var known = Verdict.inconclusive
    while low < high {
      let middle = low == 0 && high == levels.count ? 0 : (low + high) / 2
      let found = verdict(middle)
      if found == .inconclusive {
        low = middle + 1
      } else {
        (high, known) = (middle, found)
      }
    }
    return low < levels.count
      ? .init(alpha: levels[low], verdict: known) : .init(alpha: 1, verdict: .inconclusive)
  }
}
