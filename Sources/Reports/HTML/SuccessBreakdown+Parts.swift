import Core

extension SuccessBreakdown {
  private static let longestTag = 80

  /// By what frameworks call the attacks.
  static func tags(_ summary: RunSummary) -> SuccessBreakdown {
    SuccessBreakdown(
      summary: summary, id: "tags", noun: "tag",
      rows: (summary.tags ?? []).map {
        Row(
          name: PlainText.line($0.tag, longest: longestTag), attacks: $0.attacks, candidate: $0.candidate,
          baseline: $0.baseline, newlyBroken: $0.newlyBroken)
      },
      order:
        "An attack counts under each of its tags, which suite and policy give it; tags of one framework stand together.",
      firstChart: 6_000)
  }

  /// By how many turns of the user an attack takes.
  static func turns(_ summary: RunSummary) -> SuccessBreakdown {
    SuccessBreakdown(
      summary: summary, id: "turns", noun: "number of turns",
      rows: (summary.turns ?? []).map {
        Row(
          name: $0.turns == 1 ? "1 turn" : "\(Numbers.count($0.turns)) turns", attacks: $0.attacks,
          candidate: $0.candidate, baseline: $0.baseline, newlyBroken: $0.newlyBroken)
      },
      order: "Turns of the user are counted, those that a conversation begins with among them.", firstChart: 7_000)
  }
}
