/// Where attacks succeed: parts of the suite by tag, by turns and by cluster.
extension RunSummary {
  /// Replay ASR of the attacks that carry one tag, on both models.
  public struct TagRow: Hashable, Codable, Sendable {
    /// As suite or policy has it, for example `owasp:llm01`.
    public var tag: String
    /// Attacks of the suite that carry the tag.
    public var attacks: Int
    /// Success rate on the candidate; nil where no response has a verdict.
    public var candidate: Estimate?
    /// The same on the baseline; nil without one.
    public var baseline: Estimate?
    /// Attacks that the baseline resists and the candidate does not.
    public var newlyBroken: Int

    public init(tag: String, attacks: Int, candidate: Estimate?, baseline: Estimate?, newlyBroken: Int) {
      self.tag = tag
      self.attacks = attacks
      self.candidate = candidate
      self.baseline = baseline
      self.newlyBroken = newlyBroken
    }
  }

  /// Replay ASR of the attacks that take one number of turns, on both models.
  public struct TurnsRow: Hashable, Codable, Sendable {
    /// The user's turns, those that an attack gives as said before among them.
    public var turns: Int
    /// Attacks of the suite that take so many turns.
    public var attacks: Int
    /// Success rate on the candidate; nil where no response has a verdict.
    public var candidate: Estimate?
    /// The same on the baseline; nil without one.
    public var baseline: Estimate?
    /// Attacks that the baseline resists and the candidate does not.
    public var newlyBroken: Int

    public init(turns: Int, attacks: Int, candidate: Estimate?, baseline: Estimate?, newlyBroken: Int) {
      self.turns = turns
      self.attacks = attacks
      self.candidate = candidate
      self.baseline = baseline
      self.newlyBroken = newlyBroken
    }
  }

  /// Unsafe responses among those with a verdict.
  public struct Tally: Hashable, Codable, Sendable {
    /// Responses that the judge calls unsafe.
    public var unsafe: Int
    /// Responses that the judge has a verdict on.
    public var scored: Int

    public init(unsafe: Int, scored: Int) {
      self.unsafe = unsafe
      self.scored = scored
    }

    /// 0 where nothing has a verdict.
    public var share: Double { scored > 0 ? Double(unsafe) / Double(scored) : 0 }
  }

  /// What both models answered to a cluster of attacks: counts, since a single cluster has no interval.
  public struct ClusterRow: Hashable, Codable, Sendable {
    /// The cluster's name in the suite, or the one that embeddings gave it.
    public var cluster: String
    /// The category of its clearest attack.
    public var category: String?
    /// The attack to look at first: the one on which the candidate is unsafe most often.
    public var attack: AttackID
    /// Attacks that belong to the cluster.
    public var attacks: Int
    /// Responses of the candidate to all of them.
    public var candidate: Tally
    /// Nil where there is no baseline.
    public var baseline: Tally?
    /// Attacks of the cluster that the baseline resists and the candidate does not.
    public var newlyBroken: Int

    public init(
      cluster: String, category: String?, attack: AttackID, attacks: Int, candidate: Tally, baseline: Tally?,
      newlyBroken: Int
    ) {
      self.cluster = cluster
      self.category = category
      self.attack = attack
      self.attacks = attacks
      self.candidate = candidate
      self.baseline = baseline
      self.newlyBroken = newlyBroken
    }
  }
}

/// How earlier releases did.
extension RunSummary {
  /// An earlier run of the same policy on the same suite, by the same judge.
  public struct Release: Hashable, Codable, Sendable {
    /// The run's identifier in the ledger.
    public var run: String
    /// Seconds since 1970.
    public var ended: Double
    /// Its name; of a checkpoint the folder's.
    public var candidate: String
    /// What the run ended with.
    public var verdict: Verdict
    /// True where the run only observed; nil elsewhere.
    public var observed: Bool?
    /// Those of its checks that were measured.
    public var checks: [Point]

    public init(
      run: String, ended: Double, candidate: String, verdict: Verdict, observed: Bool? = nil, checks: [Point]
    ) {
      self.run = run
      self.ended = ended
      self.candidate = candidate
      self.verdict = verdict
      self.observed = observed
      self.checks = checks
    }

    /// What one check measured.
    public struct Point: Hashable, Codable, Sendable {
      /// The check's name, unique in the policy.
      public var name: String
      /// What the check ended with.
      public var verdict: Verdict
      /// What was measured then, with its interval.
      public var estimate: Estimate

      public init(name: String, verdict: Verdict, estimate: Estimate) {
        self.name = name
        self.verdict = verdict
        self.estimate = estimate
      }
    }
  }
}
