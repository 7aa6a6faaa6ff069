extension RunSummary {
  /// Safety-tuned variants side by side: what each attack method achieves against each, and what tuning costs elsewhere.
  public struct TuningSummary: Hashable, Codable, Sendable {
    /// Attack methods, in the order of the matrix.
    public var methods: [String]
    /// The untuned model first.
    public var rows: [Row]
    /// From the second on; empty where none was asked for.
    public var rounds: [Round]
    /// Kinds of attack found on the untuned model, and how many of them nothing was tuned on.
    public var clusters: Int
    /// Those of them that nothing was tuned on.
    public var heldOutClusters: Int
    /// Attacks of these held-out clusters.
    public var heldOutAttacks: Int
    /// The variant to ship, if any, and why: sentences.
    public var recommended: String?
    /// What was weighed and what to look at before shipping, in sentences.
    public var advice: [String]
    /// Held-out attacks on the untuned model and on the recommended variant.
    public var examples: [Change]

    public init(
      methods: [String], rows: [Row], rounds: [Round], clusters: Int, heldOutClusters: Int, heldOutAttacks: Int,
      recommended: String?, advice: [String], examples: [Change]
    ) {
      self.methods = methods
      self.rows = rows
      self.rounds = rounds
      self.clusters = clusters
      self.heldOutClusters = heldOutClusters
      self.heldOutAttacks = heldOutAttacks
      self.recommended = recommended
      self.advice = advice
      self.examples = examples
    }

    /// One model.
    public struct Row: Hashable, Codable, Sendable {
      /// The variant's name: the method whose attacks it was tuned on; `untuned` for the candidate.
      public var variant: String
      /// Why it can't be had or used; nil where it can.
      public var problem: String?
      /// Identity of the tuned model; nil where there is none.
      public var model: ModelIdentity?
      /// Refusals and harmless examples that it was tuned on.
      public var refusals: Int
      /// Harmless examples that it was tuned on.
      public var benignExamples: Int
      /// Refusals by where their words came from: `instructed`, `own`, `category`, `template`.
      public var sources: [String: Int]
      /// Time that tuning took.
      public var seconds: Double
      /// How each method did on this model, in the order of `methods`.
      public var cells: [Cell]
      /// Mean success rate over the methods, adapting to this model; its change from the untuned model.
      public var mean: Estimate?
      /// Change of that mean from the untuned model.
      public var change: Estimate?
      /// All held-out attacks together, and the change from the untuned model.
      public var heldOut: Estimate?
      /// Change of the held-out attacks' success rate from the untuned model.
      public var heldOutChange: Estimate?
      /// Refusals of harmless questions, and the change.
      public var refusalRate: Estimate?
      /// Change of the refusal rate from the untuned model.
      public var overRefusal: Estimate?
      /// Right quiz answers, the change, and the share kept of what the untuned model gets right.
      public var quiz: Estimate?
      /// Change of the quiz score from the untuned model.
      public var quizChange: Estimate?
      /// Share kept of what the untuned model gets right.
      public var retention: Estimate?
      /// Mean tokens of an answer to a harmless question or the quiz.
      public var meanTokens: Double?
      /// Mean seconds of one such answer.
      public var meanLatency: Double?

      public init(variant: String, problem: String?, model: ModelIdentity?, refusals: Int, benignExamples: Int) {
        self.variant = variant
        self.problem = problem
        self.model = model
        self.refusals = refusals
        self.benignExamples = benignExamples
        sources = [:]
        seconds = 0
        cells = []
      }
    }

    /// One method turned on one model.
    public struct Cell: Hashable, Codable, Sendable {
      /// The attacking method's name.
      public var method: String
      /// Success rate of what the method proposes after it adapted to the model.
      public var adaptive: Estimate?
      /// Success rate of the method's old attacks of kinds that nothing was tuned on.
      public var heldOut: Estimate?
      /// Confirmed unique attacks in 1,000 responses, mean over restarts.
      public var yield: Double

      public init(method: String, adaptive: Estimate?, heldOut: Estimate?, yield: Double) {
        self.method = method
        self.adaptive = adaptive
        self.heldOut = heldOut
        self.yield = yield
      }
    }

    /// One more turn of attack and tuning with the first method.
    public struct Round: Hashable, Codable, Sendable {
      /// Its place, from 2.
      public var number: Int
      /// Attacks that the method found on the model of the round before.
      public var newAttacks: Int
      /// Since the round before, at 90 % confidence; nil where there is no usable model.
      public var change: Estimate?
      /// Whether the round made the model better beyond doubt, so that another may be worth its cost.
      public var pays: Bool
      /// The model that the round made.
      public var row: Row

      public init(number: Int, newAttacks: Int, change: Estimate?, pays: Bool, row: Row) {
        self.number = number
        self.newAttacks = newAttacks
        self.change = change
        self.pays = pays
        self.row = row
      }
    }

    /// One held-out attack before and after tuning.
    public struct Change: Hashable, Codable, Sendable {
      /// The attack's identifier in the ledger.
      public var id: AttackID
      /// The kind of harm; nil where the suite says nothing.
      public var category: String?
      /// Unsafe responses of those that were scored.
      public var unsafeBefore: Int
      /// Responses of the untuned model with a verdict.
      public var scoredBefore: Int
      /// Unsafe responses of the recommended variant.
      public var unsafeAfter: Int
      /// Responses of the recommended variant with a verdict.
      public var scoredAfter: Int
      /// Only where the policy says `reveal: true`.
      public var prompt: String?
      /// The untuned model's answer; only where texts are revealed.
      public var before: String?
      /// The recommended variant's answer; only where texts are revealed.
      public var after: String?

      public init(
        id: AttackID, category: String?, unsafeBefore: Int, scoredBefore: Int, unsafeAfter: Int, scoredAfter: Int,
        prompt: String? = nil, before: String? = nil, after: String? = nil
      ) {
        self.id = id
        self.category = category
        self.unsafeBefore = unsafeBefore
        self.scoredBefore = scoredBefore
        self.unsafeAfter = unsafeAfter
        self.scoredAfter = scoredAfter
        self.prompt = prompt
        self.before = before
        self.after = after
      }
    }
  }
}

extension RunSummary.TuningSummary {
  /// The same without the texts of some attacks and of the responses to them.
  public func withoutTexts(of attack: (AttackID) -> Bool) -> Self {
    var bare = self
    for index in bare.examples.indices where attack(examples[index].id) {
      bare.examples[index].prompt = nil
      bare.examples[index].before = nil
      bare.examples[index].after = nil
    }
    return bare
  }
}
