/// A table whose rows the audit chain covers. The number stands in the chain's records and never changes; a column that a later
/// schema adds is covered once it is listed here.
enum ChainedTable: UInt8, CaseIterable, Sendable {
  case runs = 1
  case names, texts, sources, judges, storedResponses, storedJudgments, failures, suite, artifacts, searches
  case attackerStates, checks, samples, sampled, labels, targets
  case reuses, reusedSearches, parts, purges, sealing
  case labelNotes, adjudications

  /// Those that were there when the chain began to cover rows.
  static let first = allCases.filter { $0.rawValue <= targets.rawValue }

  var name: String { "\(self)" }

  /// The primary key.
  var keys: [String] {
    switch self {
    case .storedJudgments: ["response", "judge"]
    case .suite: ["attack", "run"]
    case .artifacts: ["hash"]
    case .searches: ["key"]
    case .attackerStates: ["run", "attacker", "restart"]
    case .checks: ["run", "name"]
    case .sampled, .adjudications: ["item"]
    case .labels, .labelNotes: ["item", "reviewer"]
    case .reuses: ["run", "firstResponse"]
    case .reusedSearches: ["run", "key"]
    case .parts: ["run", "role", "fingerprint"]
    case .purges: ["run"]
    default: ["id"]
    }
  }

  private var others: [String] {
    switch self {
    case .runs:
      [
        "policyName", "policyHash", "policyText", "identity", "seed", "overrides", "version", "began", "ended",
        "verdict",
        "exitCode", "summary", "beganAs", "endedAs", "digest",
      ]
    case .names: ["text"]
    case .texts: ["hash", "text"]
    case .sources: ["target", "settings", "scope"]
    case .judges: ["judge", "askedCategory", "scope"]
    case .storedResponses:
      ["prompt", "source", "sample", "text", "promptTokens", "completionTokens", "latency", "finishReason", "run"]
    case .storedJudgments: ["score", "category", "reason"]
    case .failures: ["target", "prompt", "settings", "sample", "kind", "message", "run"]
    case .suite:
      ["prompt", "category", "locale", "cluster", "method", "restart", "step", "foundOn", "foundIn", "foundOnModel"]
    case .artifacts: ["bytes", "unpacked"]
    case .searches: ["artifact", "run", "state"]
    case .attackerStates: ["artifact"]
    case .checks:
      [
        "metric", "verdict", "value", "lower", "upper", "confidence", "n", "unscored", "method", "atLeast", "atMost",
        "effectiveN",
      ]
    case .samples: ["run", "judge", "population", "at"]
    case .sampled: ["sample", "response", "category", "locale", "cluster", "stratum", "weight"]
    case .labels: ["label", "at"]
    case .targets: ["run", "role", "fingerprint", "revision", "signs", "at"]
    case .reuses: ["lastResponse"]
    case .reusedSearches: ["artifact"]
    case .parts: ["settings", "scope"]
    case .purges: ["record", "keptSuite"]
    case .sealing: ["state", "kind", "place", "salt", "passes", "memory", "wrapped"]
    case .labelNotes: ["note"]
    case .adjudications: ["reviewer", "label", "at"]
    }
  }

  /// What a row's digest is over, the primary key first.
  var columns: [String] { keys + others }

  /// Whether its rows may become others in the course of work: a run ends, an attacker goes on, a reviewer thinks again, a purged
  /// run is resumed, a ledger gets another key.
  var changesByItself: Bool {
    [.runs, .attackerStates, .labels, .labelNotes, .adjudications, .purges, .sealing].contains(self)
  }
}
