import Core

extension SuccessBreakdown {
  private static let longestTag = 80

  /// By what frameworks call the attacks.
  static func tags(_ summary: RunSummary) -> SuccessBreakdown {
    SuccessBreakdown(
      summary: summary, id: "tags", part: .tag,
      rows: (summary.tags ?? []).map {
        Row(
          name: PlainText.line($0.tag, longest: longestTag), attacks: $0.attacks, candidate: $0.candidate,
          baseline: $0.baseline, newlyBroken: $0.newlyBroken)
      },
      order: Words.Page.Part.tag.order(isWeighted: false), firstChart: 6_000)
  }

  /// By how many turns of the user an attack takes.
  static func turns(_ summary: RunSummary) -> SuccessBreakdown {
    SuccessBreakdown(
      summary: summary, id: "turns", part: .turns,
      rows: (summary.turns ?? []).map {
        Row(
          name: Words.Page.turns($0.turns), attacks: $0.attacks,
          candidate: $0.candidate, baseline: $0.baseline, newlyBroken: $0.newlyBroken)
      },
      order: Words.Page.Part.turns.order(isWeighted: false), firstChart: 7_000)
  }
}
