import Kinds

/// A setting that a policy can say: its key beside the property that it sets, whose own value is the default.
public struct AttackerSetting: Sendable {
  /// How a policy says it, with the default of `AttackerSettings`.
  public let key: PolicyKey
  let read: @Sendable (_ section: Section, _ settings: inout AttackerSettings) -> Void

  /// The property that a setting sets.
  public typealias Path<Value> = WritableKeyPath<AttackerSettings, Value> & Sendable

  private init(
    _ name: String, _ shape: Shape, _ fallback: String?, _ help: String,
    read: @escaping @Sendable (Section, inout AttackerSettings) -> Void
  ) {
    key = PolicyKey(name: name, shape: shape, fallback: fallback, help: help)
    self.read = read
  }

  /// A whole number within a range.
  public static func integer(
    _ name: String, _ path: Path<Int>, _ range: ClosedRange<Int>, _ help: String
  ) -> AttackerSetting {
    AttackerSetting(name, .integer(range), String(AttackerSettings()[keyPath: path]), help) {
      $1[keyPath: path] = $0.integer(name)
    }
  }

  /// A number within a range.
  public static func number(
    _ name: String, _ path: Path<Double>, _ range: ClosedRange<Double>, _ help: String
  ) -> AttackerSetting {
    AttackerSetting(name, .number(range), Quantities.written(AttackerSettings()[keyPath: path]), help) {
      $1[keyPath: path] = $0.number(name)
    }
  }

  /// `on` or `off`.
  public static func toggle(_ name: String, _ path: Path<Bool>, _ help: String) -> AttackerSetting {
    AttackerSetting(name, .toggle, AttackerSettings()[keyPath: path] ? "on" : "off", help) {
      $1[keyPath: path] = $0.toggle(name)
    }
  }

  /// A text; absent where the policy says nothing.
  public static func text(_ name: String, _ path: Path<String?>, _ help: String) -> AttackerSetting {
    AttackerSetting(name, .text, nil, help) { $1[keyPath: path] = $0.text(name) }
  }

  /// One of an enumeration's values, by their raw values.
  public static func choice<Value: RawRepresentable<String> & CaseIterable & Sendable>(
    _ name: String, _ path: Path<Value>, _ help: String
  ) -> AttackerSetting {
    AttackerSetting(name, .choice(Value.allCases.map(\.rawValue)), AttackerSettings()[keyPath: path].rawValue, help) {
      if let value = $0.choice(name, of: Value.self) { $1[keyPath: path] = value }
    }
  }

  private static func kind<Kind: PolicyKind>(
    _ name: String, _ path: Path<Kind>, among kinds: [Kind], _ help: String
  ) -> AttackerSetting {
    AttackerSetting(name, .choice(kinds.map(\.name)), AttackerSettings()[keyPath: path].name, help) {
      section, settings in
      if let kind = kinds.first(where: { $0.name == section.text(name) }) { settings[keyPath: path] = kind }
    }
  }

  /// Which method searches.
  public static func method(among methods: [AttackMethod]) -> AttackerSetting {
    kind(
      "method", \.method, among: methods,
      "How attacks are searched for; all but gflownet are baselines to compare with.")
  }

  /// Which objective a GFlowNet trains on.
  public static func objective(among objectives: [Objective]) -> AttackerSetting {
    kind("objective", \.objective, among: objectives, "GFlowNet objective.")
  }

  /// All others, in the order of the schema.
  public static let all: [AttackerSetting] = [
    choice("log_z", \.logZ, "Log Z of objective tb: one number, or a linear head on the meta prompt's state."),
    number(
      "pair_sigma", \.pairSigma, 0...1000,
      "Pairs whose log R differ by no more than this are dropped (contrastive-tb)."),
    choice("reward", \.reward, "Lee's tempered product, or Min-K fluency."),
    text("prompt", \.prompt, "Meta prompt (default: the checkpoint's own)."),
    // Adapters of rank 0 stand for all weights.
    AttackerSetting("weights", .choice(["lora", "full"]), "lora", "Train adapters or all weights.") { _, _ in },
    AttackerSetting(
      "lora_rank", .integer(1...1024), String(AttackerSettings().loraRank), "Rank of the adapters."
    ) { $1.loraRank = $0.text("weights") == "full" ? 0 : $0.integer("lora_rank") },
    number("lora_alpha", \.loraAlpha, 0.001...10_000, "Scale of the adapters."),
    number("learning_rate", \.learningRate, 1e-8...1, "AdamW step size."),
    integer("batch", \.batch, 2...4096, "Attacks in one gradient step."),
    integer(
      "updates_per_batch", \.updatesPerBatch, 1...64,
      "Gradient steps for each batch of fresh responses; all but the first on the replay buffer."),
    integer("max_tokens", \.maxTokens, 1...1024, "Longest attack."),
    integer("min_tokens", \.minTokens, 0...1024, "Shorter attacks count as unfluent."),
    number("beta", \.beta, 1e-4...1000, "Temperature of the judge's score."),
    number("gamma", \.gamma, 1e-4...1000, "Temperature of fluency (lee)."),
    number("tau_start", \.tauStart, 1e-3...1000, "Reward temperature at the start."),
    number("tau_end", \.tauEnd, 1e-3...1000, "Reward temperature later."),
    integer("min_k", \.minK, 1...1024, "k of Min-K."),
    AttackerSetting(
      "min_k_threshold", .number(-1000...0), nil,
      "Min-K threshold on log p_ref (default: calibrated on the reference model's samples)."
    ) { $1.minKThreshold = $0.optionalNumber("min_k_threshold") },
    integer("buffer", \.buffer, 2...1_000_000, "Replay buffer size."),
    number("replay_fraction", \.replayFraction, 0...0.95, "Replayed share of a batch."),
    choice(
      "replay_duplicates", \.replay.duplicates,
      "What tells near-duplicates in the buffer: token edit distance, or embeddings."),
    choice(
      "replay_sampling", \.replay.sampling, "Drawn by the judge's score, or half by that and half by recency."),
    choice(
      "replay_refresh", \.replay.refresh,
      "What a full buffer forgets: its worst, or all but a subset that works and covers the rest."),
    integer("responses_per_attack", \.responsesPerAttack, 1...100, "Target responses for a new attack."),
    integer(
      "responses_at_most", \.responsesAtMost, 1...100,
      "More responses, one at a time up to this many, where the first leave open whether an attack works."),
    toggle(
      "confirm_early", \.confirmsEarly,
      "Confirm a claim as soon as it is made, and learn from what that shows (gflownet). Off: after the search."),
    number(
      "exploration", \.explorationShare, 0...1,
      "Share of proposals from the reference model, so that the search can't blind itself."),
    number(
      "exploration_temperature", \.explorationTemperature, 1...10,
      "Highest temperature of that share; hotter proposals are odder, and reach what is rare sooner."),
    integer(
      "screen_pool", \.screenPool, 1...64,
      "Proposals for each that is asked; a surrogate of the judge picks. They cost time on this machine, no response: lower it where the attacker is large or responses are cheap. 1: no screen."
    ),
    toggle(
      "screen_known", \.screensByKnown,
      "Let that surrogate start from known attacks: the search turns to what the suite doesn't know (gflownet)."),
    integer(
      "batches_in_flight", \.batchesInFlight, 1...64,
      "Batches before the target at once; more keep a remote target busy, at the price of older proposals."),
    toggle("mle", \.smoothing, "Maximum-likelihood smoothing on what worked."),
    number("mle_share", \.smoothingShare, 0.05...0.95, "Share of the budget spent after smoothing."),
    number(
      "mle_threshold", \.claimThreshold, 0...1, "Probability above which an attack is claimed and smoothed on."),
    toggle("training", \.training, "Off: only sample the reference model (drills)."),
    AttackerSetting(
      "turns", .integer(1...CrescendoSearch.mostTurns), nil,
      "Most turns of a conversation (crescendo; default: \(CrescendoSearch.publishedTurns); tree: \(TreeSearch.publishedTurns))."
    ) { $1.turns = $0.optionalInteger("turns") },
    AttackerSetting(
      "backtracks", .integer(0...100), nil,
      "Refused turns that one conversation takes back (crescendo; default: \(CrescendoSearch.publishedBacktracks))."
    ) { $1.backtracks = $0.optionalInteger("backtracks") },
    AttackerSetting(
      "branches", .integer(2...16), nil,
      "Turns that each conversation is gone on with, and conversations of as many turns that grow on (tree; default: \(TreeSearch.publishedBranches))."
    ) { $1.branches = $0.optionalInteger("branches") },
    AttackerSetting(
      "goals", .list(.text), nil,
      "What conversations are to reach, one after the other: harmful requests that the policy forbids, in plain words (crescendo, tree)."
    ) { $1.goals = $0.list("goals").isEmpty ? nil : $0.list("goals") },
    text("fixed_prompt", \.fixedPrompt, "A collapsed sampler for drills: only this prompt is proposed."),
  ]
}

extension AttackerSettings {
  /// Reads settings of a section that was held against their keys, and notes which of them don't go together; what a policy
  /// can't say keeps its default.
  public init(_ section: Section, _ settings: [AttackerSetting], _ problems: inout Diagnostics) {
    self.init()
    for setting in settings { setting.read(section, &self) }
    problems.require(
      minTokens <= maxTokens, "\(section.described).min_tokens \(minTokens) is above max_tokens \(maxTokens)",
      at: section.place(of: "min_tokens") ?? section.place(of: "max_tokens"),
      remedy: "Lower min_tokens or raise max_tokens.")
    problems.require(
      replay.refresh != .submodular || buffer <= Self.largestCoveredBuffer,
      "\(section.described).buffer \(buffer) is too large for replay_refresh: submodular",
      at: section.place(of: "buffer") ?? section.place(of: "replay_refresh"),
      remedy: "It compares every attack with every other; lower buffer to \(Self.largestCoveredBuffer) or less.")
  }

  /// Attacks whose similarities, each with each, take 130 MB.
  private static let largestCoveredBuffer = 5_000
}
