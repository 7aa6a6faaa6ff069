import Core
import Kinds

extension PolicyTable {
  static let waiver: [PolicyKey] = [
    PolicyKey(
      name: "check", shape: .text, required: true,
      help: "The check that may fail: its metric, or its whole name as reports print it."),
    PolicyKey(name: "category", shape: .text, help: "The check's category, where it has one."),
    PolicyKey(name: "reason", shape: .text, required: true, help: "Why the release may go ahead all the same."),
    PolicyKey(name: "owner", shape: .text, required: true, help: "Who answers for it."),
    PolicyKey(
      name: "until", shape: .text, required: true, help: "The last day on which it holds (UTC), for example 2026-12-31."
    ),
  ]

  static let waivers = PolicyKey(
    name: "waivers", shape: .list(.object(waiver)),
    help: "Checks that somebody lets fail until a day: they don't block, and every report says so first.")

  static let tier = PolicyKey(
    name: "tier", shape: .choice(RunSummary.Tier.allCases.map(\.rawValue)), fallback: RunSummary.Tier.blocking.rawValue,
    help: "Whether the verdict rests on it; an advisory check is reported and never decides.")
}
