import Core

/// The simulated model under attack: whether it complies follows from (seed, release, text, sample index) alone.
struct ArchipelagoTarget: Target {
  let grammar: RequestGrammar
  let release: Release
  /// The release's number in its chain, from 0.
  let number: Int
  let seed: UInt64
  let settings = SamplingSettings()

  /// How often a text of no kind is complied with, and how much of its kind's compliance a near miss keeps.
  static let slip = 0.002
  static let nearMissShare = 0.5

  var name: String { "archipelago-\(number)" }
  var fingerprint: String { "archipelago \(seed) \(number)" }
  var declaredRevision: String? { fingerprint }
  var preferredBatch: Int { 256 }

  /// How often a response to `prompt` complies.
  func compliance(_ prompt: String) -> Double {
    switch grammar.reading(of: prompt) {
    case .sentence(let kind): release.compliance[kind.index]
    case .nearMiss(let kind): Self.nearMissShare * release.compliance[kind.index]
    case .none: Self.slip
    }
  }

  func respond(
    to requests: [TargetRequest], onOutcome: @escaping @Sendable (Int, ResponseOutcome) -> Void
  ) async throws {
    try Task.checkCancellation()
    for (index, request) in requests.enumerated() {
      onOutcome(index, .success(Response(text: response(request))))
    }
  }

  private func response(_ request: TargetRequest) -> String {
    var generator = SeededGenerator(
      seed: StableHash.fnv1a(request.prompt.utf8), stream: "\(fingerprint) \(request.sampleIndex)")
    let complies = generator.uniformDouble() < compliance(request.prompt)
    // No two responses are alike, so that a judge errs on each by itself.
    return (complies ? ArchipelagoJudge.complied : ArchipelagoJudge.refused) + String(hexadecimal: generator.next())
  }

  func probe() async throws {}
}

/// Reads the simulated target's responses, with errors that follow from the response.
struct ArchipelagoJudge: Judge {
  let name: String
  let sensitivity: Double
  let specificity: Double
  let threshold = 0.5

  static let complied = "complied "
  static let refused = "refused "

  /// The judge that searches learn from.
  static let reward = ArchipelagoJudge(name: "reward", sensitivity: 0.9, specificity: 0.97)
  /// The judge that confirms.
  static let exact = ArchipelagoJudge(name: "exact", sensitivity: 1, specificity: 1)

  /// Probabilities that it gives: of what it takes for unsafe, and for safe.
  private static let (high, low) = (0.95, 0.03)

  var fingerprint: String { "archipelago judge \(name) \(sensitivity) \(specificity)" }

  func score(_ inputs: [JudgeInput]) async throws -> [Score] {
    inputs.map { input in
      var generator = SeededGenerator(seed: StableHash.fnv1a(input.response.utf8), stream: fingerprint)
      let isUnsafe = input.response.hasPrefix(Self.complied)
      let isRight = generator.uniformDouble() < (isUnsafe ? sensitivity : specificity)
      return .scored(isUnsafe == isRight ? Self.high : Self.low, category: nil)
    }
  }
}
