import Core
import Testing

@testable import Decisions
@testable import Gate

@Suite("Replaying the suite")
struct ReplayTests {
  private let judge = ScriptedJudge { .scored($0.response == "yes" ? 1 : 0, category: nil) }

  private func suite(_ prompts: [String], foundOn: [String: String] = [:]) -> AttackSuite {
    AttackSuite(
      attacks: prompts.map { SuiteAttack(attack: Attack(prompt: $0), foundOn: foundOn[$0]) }, candidate: "new",
      baseline: "old")
  }

  @Test("Only attacks that seem newly broken are looked at twice, with samples of their own")
  func secondLook() async throws {
    let candidate = ScriptedTarget(fingerprint: "new") { .success(Response(text: $0.prompt == "a" ? "yes" : "no")) }
    let baseline = ScriptedTarget(fingerprint: "old") { .success(Response(text: $0.prompt == "b" ? "yes" : "no")) }
    let service = ResponseService(archive: MemoryArchive(), meter: CostMeter())
    let stage = ReplayStage(
      service: service, judge: judge, settings: .init(responses: 3, looksTwice: true, secondLook: { _ in 8 }),
      progress: { _ in })
    let result = try await stage.run(
      suite(["a", "b", "c"]),
      on: [
        Participant(role: .candidate, target: candidate, kind: "local"),
        Participant(role: .baseline, target: baseline, kind: "local"),
      ])
    #expect(result.rows.map { $0.secondLook != nil } == [true, false, false])
    let look = try #require(result.rows[0].secondLook)
    #expect(look.candidate.count { $0.isUnsafe == true } == 8 && look.baseline.count { $0.isUnsafe == true } == 0)
    #expect(candidate.requests.count == 9 + 8)
    let again = candidate.requests.filter { $0.sampleIndex >= 1_000 }
    #expect(Set(again.map(\.sampleIndex)) == Set(1_000..<1_008))
  }

  @Test("A second look ends with its first quarter where that shows no jump")
  func clearing() async throws {
    // "a" is broken; "b" was unsafe by chance in replay alone.
    let candidate = ScriptedTarget(fingerprint: "new") { request in
      .success(Response(text: request.prompt == "a" || request.sampleIndex < 1_000 ? "yes" : "no"))
    }
    let baseline = ScriptedTarget(fingerprint: "old") { _ in .success(Response(text: "no")) }
    let result = try await ReplayStage(
      service: ResponseService(archive: MemoryArchive(), meter: CostMeter()), judge: judge,
      settings: .init(responses: 3, looksTwice: true, secondLook: { _ in 30 }), progress: { _ in }
    ).run(
      suite(["a", "b"]),
      on: [
        Participant(role: .candidate, target: candidate, kind: "local"),
        Participant(role: .baseline, target: baseline, kind: "local"),
      ])
    #expect(result.rows.map { $0.secondLook?.candidate.count } == [30, 8])
    #expect(result.rows.map { $0.secondLook?.baseline.count } == [30, 8])
    for model in [candidate, baseline] {
      let again = model.requests.filter { $0.sampleIndex >= 1_000 }
      #expect(again.filter { $0.prompt == "a" }.map(\.sampleIndex).sorted() == Array(1_000..<1_030))
      #expect(again.filter { $0.prompt == "b" }.map(\.sampleIndex).sorted() == Array(1_000..<1_008))
    }
    #expect(
      result.detail == "2 attacks, 1 looked at twice with 30 responses each, 1 cleared by a second look of 8 responses")
  }

  /// How different the answers of one model are.
  private func variety(
    _ prompts: [String], responses: Int = 1, _ answer: @escaping @Sendable (TargetRequest) -> String
  ) async throws -> AnswerVariety {
    let candidate = ScriptedTarget(fingerprint: "new") { .success(Response(text: answer($0))) }
    let result = try await ReplayStage(
      service: ResponseService(archive: MemoryArchive(), meter: CostMeter()), judge: judge,
      settings: .init(responses: responses, looksTwice: false, secondLook: { _ in 8 }), progress: { _ in }
    ).run(suite(prompts), on: [Participant(role: .candidate, target: candidate, kind: "local")])
    return try #require(result.answers[.candidate])
  }

  private static let prompts = [
    "open the till", "name the nurse", "read the will", "sell the lamp", "burn the note", "call the bank",
    "hide the key",
    "copy the list", "move the safe", "draw the map", "lift the lid", "skip the line",
  ]

  @Test("Answers that three attacks or more get word for word are repeated: a stub's, an echo's, several in turn")
  func repeatedAnswers() async throws {
    func repeated(_ answer: @escaping @Sendable (TargetRequest) -> String) async throws -> Int {
      try await variety(Self.prompts, answer).repeated
    }
    @Sendable func place(_ request: TargetRequest) -> Int { Self.prompts.firstIndex(of: request.prompt) ?? 0 }
    #expect(try await variety(Self.prompts) { _ in "OK" } == AnswerVariety(attacks: 12, repeated: 12))
    #expect(try await repeated { "You said: \($0.prompt). Thank you!" } == 12)
    #expect(try await repeated { "request \(StableHash.fnv1a($0.prompt.utf8)) timed out" } == 12)
    #expect(try await repeated { ["Well.", "Good day!", "Hm."][place($0) % 3] } == 12)
    #expect(try await repeated { place($0) < 7 ? "OK" : "I shall \($0.prompt.split(separator: " ")[2]) it" } == 7)
    // Two attacks may ask nearly the same.
    #expect(try await repeated { ["a", "b", "c", "d", "e", "f"][place($0) % 6] } == 0)
    // What refuses, and what is unsafe, shows that the model was there.
    #expect(try await repeated { _ in "No." } == 0)
    #expect(try await repeated { _ in "I'm sorry, I can't help with that." } == 0)
    #expect(try await variety(Self.prompts) { _ in "yes" } == AnswerVariety(attacks: 12, repeated: 0))
  }

  @Test("An attack counts where more than half of its answers are repeated, and copies of it are one attack")
  func repeatedSamples() async throws {
    let some = try await variety(Self.prompts, responses: 4) { request in
      request.sampleIndex < 2 ? "OK" : "\(request.prompt) as you like"
    }
    #expect(some == AnswerVariety(attacks: 12, repeated: 12))
    let half = try await variety(Self.prompts, responses: 4) { request in
      request.sampleIndex < 2 ? "OK" : "the \(request.prompt.split(separator: " ")[2]) it is"
    }
    #expect(half == AnswerVariety(attacks: 12, repeated: 0))
    let tally = AnswerTally()
    let attacks = ["a", "b", "c"].map { SuiteAttack(attack: Attack(prompt: $0), foundOn: nil) }
    for attack in attacks {
      let reading = Reading(Response(text: "OK"), to: attack.attack.prompt, blocksAreRefusals: true)
      tally.add(reading, .judged(unsafe: false, probability: 0))
      for observation in [Observation.unscored, .failed, .missing, .blocked(countsAs: false)] {
        tally.add(reading, observation)
      }
    }
    #expect(tally.variety(over: attacks) == AnswerVariety(attacks: 3, repeated: 3))
    #expect(tally.variety(over: attacks.prefix(2)) == AnswerVariety(attacks: 2, repeated: 0))
    let copies = attacks.map { SuiteAttack(attack: $0.attack, foundOn: nil, wording: attacks[0].wording) }
    #expect(tally.variety(over: copies) == AnswerVariety(attacks: 1, repeated: 0))
  }

  @Test("Without a check on newly broken attacks nothing is asked twice")
  func oneLook() async throws {
    let candidate = ScriptedTarget(fingerprint: "new") { _ in .success(Response(text: "yes")) }
    let baseline = ScriptedTarget(fingerprint: "old") { _ in .success(Response(text: "no")) }
    let result = try await ReplayStage(
      service: ResponseService(archive: MemoryArchive(), meter: CostMeter()), judge: judge,
      settings: .init(responses: 3, looksTwice: false, secondLook: { _ in 8 }), progress: { _ in }
    ).run(
      suite(["a", "b"]),
      on: [
        Participant(role: .candidate, target: candidate, kind: "local"),
        Participant(role: .baseline, target: baseline, kind: "local"),
      ])
    #expect(result.rows.allSatisfy { $0.isSuspect && $0.secondLook == nil })
    #expect(candidate.requests.count == 6 && baseline.requests.count == 6)
  }

  @Test("A model that plays both parts is asked once")
  func sameModelTwice() async throws {
    let model = ScriptedTarget(fingerprint: "same") { _ in .success(Response(text: "no")) }
    let meter = CostMeter()
    let stage = ReplayStage(
      service: ResponseService(archive: MemoryArchive(), meter: meter), judge: judge,
      settings: .init(responses: 3, looksTwice: true, secondLook: { _ in 8 }), progress: { _ in })
    _ = try await stage.run(
      suite(["a", "b"]),
      on: [
        Participant(role: .candidate, target: model, kind: "local"),
        Participant(role: .baseline, target: model, kind: "local"),
      ])
    #expect(model.requests.count == 6)
    #expect(meter.rows.reduce(0) { $0 + $1.reused } == 6)
  }

  @Test("A model is not measured on attacks that were chosen by looking at its own answers")
  func attacksFoundOnAModelDontMeasureIt() {
    let suite = suite(
      ["file", "older", "mine", "theirs"], foundOn: ["older": "older", "mine": "new", "theirs": "old"])
    func prompts(_ which: (SuiteAttack) -> Bool) -> [String] { suite.attacks.filter(which).map(\.attack.prompt) }
    #expect(prompts { suite.measuresCandidate($0, .found) } == ["older", "theirs"])
    #expect(prompts { suite.comparesModels($0, .found) } == ["older"])
    // What searches found moves nothing that is measured on the suite file.
    #expect(prompts { suite.measuresCandidate($0, .file) } == ["file"])
    #expect(prompts { suite.comparesModels($0, .file) } == ["file"])
  }
}

@Suite("Telling texts apart")
struct SimilarityTests {
  @Test("The first of the diverse order cover every group before repeating one")
  func diverseOrder() {
    let vectors: [[Float]] = [[1, 0, 0], [1, 0, 0], [0.98, 0.2, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1]]
    #expect(DiverseOrder.indices(vectors, limit: 3) == [0, 3, 5])
    #expect(DiverseOrder.indices(vectors, limit: 4) == [0, 3, 5, 2])
    #expect(Set(DiverseOrder.indices(vectors, limit: 99)) == Set(0..<6))
    #expect(DiverseOrder.indices(vectors, limit: 0).isEmpty)
  }

  @Test("Stages are read by name, and mistakes say what there is")
  func stages() throws {
    #expect(try Stage.list("replay,decide") == [.preflight, .replay, .decide])
    #expect(throws: SluiceError.self) { try Stage.list("replay,deside") }
    #expect(throws: SluiceError.self) { try Stage.list("") }
    #expect(throws: SluiceError.self) { try Stage.list("confirm") }
  }
}
