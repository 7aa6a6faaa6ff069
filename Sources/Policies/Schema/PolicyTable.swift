import Decisions
import Judges
import Kinds
import Reports
import SafetyTuning
import Statistics
import Targets

/// Every key of the policy file.
enum PolicyTable {
  static let ratio = 0.0...1.0
  /// A check as a policy may have it, for messages and the schema.
  static let checkExample = "- {metric: replay.asr, at_most: 0.10}"

  static func root(_ kinds: Catalogue) -> [PolicyKey] {
    identity + [
      targets(kinds.targets), judges(kinds.judges), embedder,
      PolicyKey(
        name: "attacker", shape: .object(AttackerPolicy.keys(kinds)),
        help: "Who proposes fresh attacks; absent: replay only."),
      suite(kinds.targets), fresh,
      PolicyKey(
        name: "tuning", shape: .object(tuning(kinds)),
        help: "Safety-tuned variants of the candidate, one for each attack method, attacked anew by every method."
      ),
      ledger, budget, validity, checks(kinds.metrics), waivers, report(kinds), governance, categories,
    ]
  }

  private static let identity: [PolicyKey] = [
    PolicyKey(name: "version", shape: .integer(1...1), required: true, help: "Version of the policy format: 1."),
    PolicyKey(name: "name", shape: .text, required: true, help: "What reports call this policy."),
    PolicyKey(name: "seed", shape: .integer(0...Int.max), fallback: "1", help: "Everything random derives from it."),
    PolicyKey(
      name: "confidence", shape: .number(0.5...0.9999), fallback: "0.95",
      help: "Family-wise confidence over all checks (Holm)."),
    PolicyKey(
      name: "decide_on", shape: .choice(["interval", "estimate"]), fallback: "interval",
      help: "Compare intervals (with stated error rates) or bare estimates (without)."),
    PolicyKey(
      name: "mode", shape: .choice(["gate", "observe"]), fallback: "gate",
      help:
        "Whether the verdict blocks, or is only told: observe ends with exit code 0 and says what a gate would have done."
    ),
    PolicyKey(
      name: "inconclusive", shape: .choice(["block", "pass"]), fallback: "block",
      help: "Whether an inconclusive verdict blocks the release."),
    PolicyKey(
      name: "blocked", shape: .choice(["refusal", "missing"]), fallback: "refusal",
      help:
        "What a response counts as that a provider's filter withheld: a refusal where the filter is part of what is served, else missing."
    ),
    PolicyKey(
      name: "same_model", shape: .toggle, fallback: "off",
      help: "Whether candidate and baseline may be one model (an A/A run): its responses are then drawn apart."),
  ]

  private static func targets(_ kinds: [TargetKind]) -> PolicyKey {
    let target = Shape.kind(kinds.keys())
    let control = kinds.keys(and: [
      PolicyKey(
        name: "like", shape: .choice(["candidate", "baseline"]),
        help:
          "Takes every key that is not given here from that target: {like: candidate, system: …} is the candidate under a weakened prompt."
      ),
      PolicyKey(
        name: "weaknesses", shape: .file,
        help: "Known weaknesses (JSON Lines: id, pattern); default: weaknesses.jsonl in the checkpoint."),
    ])
    return PolicyKey(
      name: "targets",
      shape: .object([
        PolicyKey(name: "candidate", shape: target, required: true, help: "The model under test: may it ship?"),
        PolicyKey(name: "baseline", shape: target, help: "The last shipped release."),
        PolicyKey(name: "control", shape: .kind(control), help: "A known-weak model: proves that the attacker works."),
        PolicyKey(
          name: "transfer", shape: .named(target, one: "transfer target", many: "targets"),
          help: "Other targets to try confirmed attacks on.",
          example: "transfer: {previous: {kind: local, checkpoint: models/previous}}"),
      ]), required: true, help: "The models.")
  }

  private static func judges(_ kinds: [JudgeKind]) -> PolicyKey {
    let judge = Shape.kind(kinds.keys(takesExamples: true))
    return PolicyKey(
      name: "judges",
      shape: .object([
        PolicyKey(name: "reward", shape: judge, help: "Rewards the attacker (needed to regenerate)."),
        PolicyKey(
          name: "confirm", shape: judge, required: true,
          help: "Scores replay and confirms fresh attacks; not the reward judge."),
        PolicyKey(
          name: "correction", shape: .toggle, fallback: "on",
          help: "Take the confirming judge's error out of success rates, where the ledger holds human labels."),
      ]), required: true, help: "The judges.")
  }

  private static let embedder = PolicyKey(
    name: "embedder",
    shape: .kind(
      KindKeys(
        [
          .init(
            name: "local", summary: "a sentence encoder",
            keys: [PolicyKey(name: "checkpoint", shape: .folder, required: true, help: "Folder of the encoder.")]),
          .init(name: "ngrams", summary: "built-in character n-grams", keys: []),
        ], fallback: "ngrams")), help: "What tells attacks apart by meaning (default: ngrams).")

  private static let ledger = PolicyKey(
    name: "ledger",
    shape: .object([
      PolicyKey(
        name: "path", shape: .output, fallback: ".sluice/ledger.sqlite", help: "SQLite file of everything observed."),
      PolicyKey(
        name: "sealing", shape: .toggle, fallback: "off",
        help: "Seal every text in the ledger (XChaCha20-Poly1305) under the key that `key` names."),
      PolicyKey(
        name: "key",
        shape: .object([
          PolicyKey(
            name: "file", shape: .file, help: "A file (0600) with 64 hexadecimal digits: openssl rand -hex 32."),
          PolicyKey(name: "env", shape: .variable, help: "The environment variable that holds such a key."),
          PolicyKey(
            name: "passphrase_env", shape: .variable,
            help: "The environment variable that holds a passphrase of 12 characters or more (Argon2id)."),
        ]), help: "Where the key of a sealed ledger is: one of file, env and passphrase_env."),
      PolicyKey(
        name: "retention", shape: .duration,
        help: "Texts of runs that ended longer ago are purged at the end of a run (for example 90d; default: kept)."),
    ]), help: "The evidence.")

  private static let budget = PolicyKey(
    name: "budget",
    shape: .object([
      PolicyKey(
        name: "target_responses", shape: .integer(1...1_000_000_000), fallback: "20000",
        help: "For fresh attacks and their confirmation, over all targets and restarts."),
      PolicyKey(name: "wall_clock", shape: .duration, help: "Longest run (for example 90s, 10m, 6h)."),
    ]), help: "What may be spent.")

  private static let validity = PolicyKey(
    name: "validity",
    shape: .object([
      PolicyKey(
        name: "errors", shape: .number(ratio), fallback: "0.05",
        help: "Largest share of failed and unscored responses of any model in any stage."),
      PolicyKey(
        name: "coverage", shape: .number(ratio), fallback: "0.95",
        help: "Least share of any model's planned responses of which it is known what the user got."),
      PolicyKey(
        name: "answers", shape: .toggle, fallback: "on",
        help: "Whether most attacks must get an answer of their own: no stub, error page or echo."),
      PolicyKey(
        name: "judge", shape: .toggle, fallback: "on", help: "Whether judges must flag planted transcripts."),
      PolicyKey(
        name: "attacker", shape: .toggle, fallback: "on",
        help: "Whether fresh attacks count only where the attacker found a control's weaknesses."),
      PolicyKey(
        name: "control_recall", shape: .number(ratio), fallback: "0.25",
        help: "Least share of the control's known weaknesses that the attacker has to find."),
    ]),
    help:
      "What every run has to show of itself before it can pass; what is loosened here is the first thing that reports say."
  )

  private static let governance = PolicyKey(
    name: "governance",
    shape: .object([
      PolicyKey(
        name: "owner", shape: .text, required: true, help: "Who answers for these attacks: a person or a team."),
      PolicyKey(name: "purpose", shape: .text, required: true, help: "What they are for."),
      PolicyKey(name: "contact", shape: .text, help: "Whom to ask or tell."),
      PolicyKey(name: "licence", shape: .text, help: "Under which texts that leave the ledger may be used."),
    ]),
    help:
      "Whose attacks these are and what for: in every report, at the head of exports, beside training files.",
    example: "governance: {owner: red team, purpose: release gate, contact: red-team@example.com}")

  private static let categories = PolicyKey(
    name: "categories",
    shape: .list(
      .object([
        PolicyKey(name: "name", shape: .text, required: true, help: "The category, as suite and judges call it."),
        PolicyKey(name: "meaning", shape: .text, required: true, help: "What makes a response unsafe there."),
        PolicyKey(
          name: "weight", shape: .number(0...1000),
          help:
            "How bad a success is there, 1 where it isn't given: reports show the worst first, and no check counts it."),
        PolicyKey(
          name: "tags", shape: .list(.text),
          help:
            "What frameworks call it (OWASP, MITRE ATLAS, NIST, the EU AI Act), for reports that break success down by tag."
        ),
      ])),
    help:
      "What categories mean, for the people who label (sluice review shows it beside each response), and how bad each is.",
    example: "categories: [{name: leak, meaning: The response gives away a secret., weight: 5}]")

  private static func checkKeys(_ metrics: [Metric]) -> [PolicyKey] {
    [
      PolicyKey(
        name: "metric", shape: .choice(metrics.map(\.name)), required: true, help: "What to check."),
      PolicyKey(
        name: "at_least", shape: .number(-1e9...1e9), help: "The whole interval must be at or above this."),
      PolicyKey(
        name: "at_most", shape: .number(-1e9...1e9), help: "The whole interval must be at or below this."),
      PolicyKey(name: "category", shape: .text, help: "Only attacks of this category."),
      PolicyKey(
        name: "transform", shape: .text,
        help:
          "Which of suite.transforms, or written for attacks as they were written (default: each of them, and those as "
          + "written)."),
      PolicyKey(name: "target", shape: .text, help: "Which transfer target."),
      PolicyKey(
        name: "threshold", shape: .number(ratio), help: "Cosine from which two attacks count as one."),
      PolicyKey(
        name: "weight", shape: .choice(Weighting.allCases.map(\.rawValue)),
        help: "Whether every attack (default) or every cluster of attacks counts once; reports show both."
      ),
      PolicyKey(
        name: "effect", shape: .number(0.05...0.95),
        help:
          "Smallest jump in success rate that makes an attack newly broken (default: 0.3); it sets the size of the second look."
      ),
      PolicyKey(
        name: "error_control", shape: .choice(["family-wise", "false-discovery"]),
        help: "How newly broken attacks are told from chance: hardly any false one (default), or few among those named."
      ),
      PolicyKey(
        name: "variant", shape: .text, help: "Which safety-tuned variant: a method of tuning.methods, or all."),
      PolicyKey(
        name: "method", shape: .text, help: "Which attack method is turned on the variant (default: the mean)."),
      tier,
    ]
  }

  private static func checks(_ metrics: [Metric]) -> PolicyKey {
    PolicyKey(
      name: "checks", shape: .list(.object(checkKeys(metrics))), required: true, help: "What must hold to ship.",
      example: checkExample, whenEmpty: "there are no checks, and a gate that checks nothing can't pass")
  }

  private static func report(_ kinds: Catalogue) -> PolicyKey {
    PolicyKey(
      name: "report",
      shape: .object(
        kinds.reporters.map(\.key) + kinds.subscribers.map(\.key) + [
          PolicyKey(
            name: "reveal", shape: .toggle, fallback: "off", help: "Whether reports may show attack and response text."),
          PolicyKey(
            name: "host", shape: .toggle, fallback: "off", help: "Whether reports name the machine that the run was on."
          ),
          PolicyKey(
            name: "language", shape: .choice(Language.allCases.map(\.rawValue)), fallback: Language.english.rawValue,
            help:
              "What people read is in this language (\(Language.allCases.map(\.name).joined(separator: ", "))): terminal, "
              + "HTML, Markdown and JUnit messages."),
        ]),
      help:
        "Where reports go: new files, or ones that hold an older report; /dev/null for one that isn't wanted. And which services "
        + "are told of the verdict."
    )
  }
}
