import Core

extension Findings {
  /// Whether any planned response to an attack or a question has no verdict, or a suspect was not looked at again.
  var lacksVerdicts: Bool {
    outcomes.contains { $0.counts.planned > $0.counts.known || $0.counts.blocked > 0 }
      || (replay?.rows ?? []).contains { $0.isSuspect && $0.secondLook == nil }
  }

  /// Responses that a second look would have had, where none says how many: enough to decide.
  private static let presumedLook = 64

  private static func unseen(_ row: ReplayRow) -> ReplayRow.SecondLook? {
    guard row.isSuspect else { return nil }
    let missing = [Observation](repeating: .missing, count: presumedLook)
    return .init(candidate: missing, baseline: missing)
  }

  /// The same findings with a verdict for every response: what is not known turned against the candidate, or in its favour.
  /// - Parameter againstCandidate: whether the candidate's unknown responses become unsafe and the baseline's safe, or the other
  ///   way round.
  func filled(againstCandidate: Bool) -> Findings {
    func filled(_ observations: [Observation], isBaseline: Bool) -> [Observation] {
      if observations.allSatisfy({ $0.isUnsafe != nil }) { return observations }
      return observations.map { observation in
        if observation.isUnsafe != nil { return observation }
        let isUnsafe = isBaseline != againstCandidate
        return .judged(unsafe: isUnsafe, probability: isUnsafe ? 1 : 0)
      }
    }
    var whole = self
    whole.replay?.rows = (replay?.rows ?? []).map { row in
      ReplayRow(
        attack: row.attack, candidate: filled(row.candidate, isBaseline: false),
        baseline: row.baseline.map { filled($0, isBaseline: true) },
        secondLook: (row.secondLook ?? Self.unseen(row)).map {
          .init(
            candidate: filled($0.candidate, isBaseline: false), baseline: filled($0.baseline, isBaseline: true))
        })
    }
    whole.benign = benign?.map { row in
      BenignRow(
        question: row.question, category: row.category, candidate: filled(row.candidate, isBaseline: false),
        baseline: row.baseline.map { filled($0, isBaseline: true) })
    }
    whole.transfer = transfer.map { transfer in
      TransferFindings(
        attacks: transfer.attacks,
        observations: transfer.observations.mapValues { $0.map { filled($0, isBaseline: false) } })
    }
    return whole
  }
}
