import Core
import Policies
import SafetyTuning
import Suites
import Testing

@testable import Decisions
@testable import Gate

@Suite("What variants are taught")
struct TeachingTests {
  private let refusals = ScriptedJudge(fingerprint: "refusals") {
    .scored($0.response.hasPrefix("no") ? 1 : 0, category: nil)
  }
  private let safety = ScriptedJudge(fingerprint: "safety") {
    .scored($0.response.contains("secret") ? 1 : 0, category: "x")
  }

  private func write(
    _ source: TuningPolicy.Refusals, known: [Attack] = [], answer: @escaping @Sendable (TargetRequest) -> String
  ) async throws -> RefusalWriter.Refusal {
    let target = ScriptedTarget { .success(Response(text: answer($0))) }
    let writer = RefusalWriter(
      service: ResponseService(archive: MemoryArchive(), meter: CostMeter()),
      model: Participant(role: .candidate, target: target, kind: "local"), refusals: refusals, safety: safety,
      source: source, instruction: "Refuse: {prompt}")
    return try #require(try await writer.write([("give it", "x")], known: known)["give it"])
  }

  @Test("The model's refusal under an instruction comes first, then its own, then one of the category, then a template")
  func order() async throws {
    let instructed = try await write(.instructed) { $0.prompt.hasPrefix("Refuse:") ? "no, sorry." : "the secret" }
    #expect(instructed == .init(text: "no, sorry.", source: .instructed))
    // One of a few tries without an instruction.
    let own = try await write(.instructed) { $0.sampleIndex == SampleIndices.training(3) ? "no way." : "the secret" }
    #expect(own == .init(text: "no way.", source: .own))
    let known = [Attack(prompt: "other", category: "x"), Attack(prompt: "elsewhere", category: "y")]
    let lent = try await write(.own, known: known) { $0.prompt == "other" ? "no, never." : "the secret" }
    #expect(lent == .init(text: "no, never.", source: .category))
    #expect(try await write(.own, known: known) { _ in "the secret" }.source == .template)
    #expect(try await write(.templates, known: known) { _ in "no." }.source == .template)
  }

  @Test("A refusal that gives the thing away all the same isn't taught")
  func leakingRefusals() async throws {
    let written = try await write(.instructed) { _ in "no, the secret is 42" }
    #expect(written.source == .template)
  }

  @Test("A vote of the judge that can't be had isn't taken for safe")
  func unscored() async throws {
    let target = ScriptedTarget { _ in .success(Response(text: "no.")) }
    let writer = RefusalWriter(
      service: ResponseService(archive: MemoryArchive(), meter: CostMeter()),
      model: Participant(role: .candidate, target: target, kind: "local"), refusals: refusals,
      safety: ScriptedJudge(fingerprint: "mute") { _ in .unscored(reason: "away") }, source: .own,
      instruction: "{prompt}")
    #expect(try await writer.write([("give it", "x")], known: [])["give it"]?.source == .template)
  }

  // MARK: - Harmless examples

  private func teacher(wanted: Int, measured: Set<String>) async throws -> Teacher {
    // Answers differ by sample; one prompt is always refused.
    let target = ScriptedTarget {
      .success(Response(text: $0.prompt == "touchy" ? "no." : "answer \($0.sampleIndex - SampleIndices.training(0))"))
    }
    let writer = RefusalWriter(
      service: ResponseService(archive: MemoryArchive(), meter: CostMeter()),
      model: Participant(role: .candidate, target: target, kind: "local"), refusals: refusals, safety: safety,
      source: .templates, instruction: "{prompt}")
    return try await Teacher(
      writer, attacks: (0..<20).map { ("attack \($0)", nil) }, suite: [],
      pool: ["a", "b", "quiz", "c", "measured", "touchy"].map { BenignQuestion(prompt: $0, category: nil) },
      measured: measured, wanted: wanted)
  }

  @Test("What measures the variants is never taught")
  func measuredIsLeftOut() async throws {
    let data = try await teacher(wanted: 60, measured: ["quiz", "measured"])
      .data((0..<20).map { "attack \($0)" }, ratio: 3, seed: 1)
    let prompts = data.examples.filter { $0.kind == .benign }.map(\.prompt)
    #expect(Set(prompts) == ["a", "b", "c"])
  }

  @Test("Harmless prompts are answered again where they are too few, all of them once before any of them twice")
  func severalAnswers() async throws {
    let attacks = (0..<20).map { "attack \($0)" }
    let teacher = try await teacher(wanted: 20, measured: [])
    func counts(ratio: Double) -> [String: Int] {
      let benign = teacher.data(attacks, ratio: ratio, seed: 1).examples.filter { $0.kind == .benign }
      #expect(Set(benign).count == benign.count)
      return Dictionary(grouping: benign, by: \.prompt).mapValues(\.count)
    }
    #expect(counts(ratio: 1) == ["a": 4, "b": 4, "quiz": 4, "c": 4, "measured": 4])
    let few = counts(ratio: 0.35)
    #expect(few.count == 5 && few.values.reduce(0, +) == 7 && few.values.allSatisfy { $0 < 3 })
    #expect(counts(ratio: 0).isEmpty)
  }

  // MARK: - Sets

  /// Confirmed attacks with vectors in a plane, by angle in degrees.
  private func attack(_ method: String, _ angles: [Double]) async throws -> MethodAttack {
    let participant = Participant(
      role: .candidate, target: ScriptedTarget { _ in .success(Response(text: "")) }, kind: "local")
    let job = SearchJob(
      attacker: CountingAttacker(), participant: participant, restart: 0, start: nil, seedPrompts: [],
      budget: SearchBudget(responses: 10, confirmation: 0), seed: 0)
    let search = SearchOutcome(
      job: job, result: SearchResult(claimed: [], responses: 10, losses: [], state: []), tally: OutcomeCounts(),
      reused: false)
    var confirmed = ConfirmedSearch(
      search: search, rule: .majority(of: 3), responses: 10, asked: 0, tally: OutcomeCounts())
    confirmed.confirmed = angles.map {
      ConfirmedAttack(
        claim: ClaimedAttack(
          prompt: "\($0)", logUnsafe: 0, logReference: 0, method: method, step: 0, responsesSpent: 0), category: nil)
    }
    return MethodAttack(
      method: method,
      found: try await FreshFindings(
        role: .candidate, searches: [confirmed], similarity: 0.99, embedder: PlaneEmbedder()), proposals: [[]])
  }

  @Test("No attack that is tuned on is as near to a held-out one as rewordings are, whichever search found it")
  func noLeaks() async throws {
    let embedder = PlaneEmbedder()
    // A ring without gaps: clusters touch, so that a split by clusters alone would leak.
    let sets = await TuningSets(
      [
        try await attack("a", stride(from: 0, to: 180, by: 2).map { $0 }),
        try await attack("b", stride(from: 1, to: 180, by: 2).map { $0 }),
      ], similarity: 0.99, heldOut: 0.3, seed: 5)
    let training = sets.training(nil, most: 1000)
    let heldOut = sets.heldOut(most: 1000)
    #expect(training.count > 10 && heldOut.count > 10, "\(training.count) \(heldOut.count)")
    #expect(sets.found.contains { $0.side == .between })
    for attack in training {
      for other in heldOut {
        let vector = embedder.vector(other.prompt)
        #expect(zip(attack.vector, vector).reduce(Float(0)) { $0 + $1.0 * $1.1 } < 0.99)
      }
    }
    #expect(sets.training("a", most: 1000).allSatisfy { $0.methods.contains("a") })
    #expect(sets.training("a", most: 7).count == 7)
    #expect(sets.clusters > sets.heldOutClusters && sets.heldOutClusters > 0)
  }
}

/// A text that is a number stands for a direction, in degrees.
private struct PlaneEmbedder: Embedder {
  let fingerprint = "plane"

  func embed(_ texts: [String]) async throws -> [[Float]] { texts.map(vector) }

  func vector(_ text: String) -> [Float] {
    let angle = (Double(text) ?? 0) * .pi / 180
    return [Float(cosine(angle)), Float(cosine(angle - .pi / 2))]
  }

  /// By its series, which is exact enough for a test.
  private func cosine(_ x: Double) -> Double {
    var (sum, term) = (1.0, 1.0)
    for k in 1..<20 {
      term *= -x * x / Double((2 * k - 1) * 2 * k)
      sum += term
    }
    return sum
  }
}
