import Core
import Judges
import Synchronization
import Testing

@testable import Decisions
@testable import Gate

/// A judge behind a server whose replies the test decides; counts what it was asked.
private final class ScriptedServerJudge: RemoteJudge {
  let name: String
  var fingerprint: String { name }
  let threshold = 0.5
  let preferredBatch = 2
  var usage: JudgeUsage { JudgeUsage() }
  private let reply: @Sendable (JudgeInput) -> JudgmentOutcome
  private let probing: @Sendable () throws -> Void
  private let seen = Mutex<[String]>([])

  init(
    _ name: String = "server", probe: @escaping @Sendable () throws -> Void = {},
    reply: @escaping @Sendable (JudgeInput) -> JudgmentOutcome
  ) {
    self.name = name
    self.reply = reply
    probing = probe
  }

  var asked: [String] { seen.withLock { $0 } }

  func score(
    _ inputs: [JudgeInput], onOutcome: @escaping @Sendable (Int, JudgmentOutcome) -> Void
  ) async throws {
    for (index, input) in inputs.enumerated() {
      try Task.checkCancellation()
      seen.withLock { $0.append(input.prompt) }
      onOutcome(index, reply(input))
    }
  }

  func probe() async throws { try probing() }
}

private let down = ResponseFailure(kind: .serverError, message: "status 503")

@Suite("Judging responses")
struct JudgingTests {
  private let target = ScriptedTarget { .success(Response(text: "re: \($0.prompt)")) }

  private func questions(_ range: Range<Int>, category: String? = nil, locale: String? = nil) -> [Question] {
    range.map { Question(prompt: "p\($0)", category: category, locale: locale, sampleIndex: 0) }
  }

  private func observe(
    _ questions: [Question], _ judge: any Judge, in archive: any ResponseArchive
  ) async throws -> [Observation] {
    try await ResponseService(archive: archive, meter: CostMeter())
      .observations(questions, from: target, as: .candidate, judge: judge)
  }

  @Test("A judge's reply is stored and not asked for again, unscored or not; no reply is asked for again")
  func stored() async throws {
    let archive = TransientArchive()
    let flaky = ScriptedServerJudge { input in
      switch input.prompt {
      case "p1": .failure(down)
      case "p2": .success(.unscored(reason: "no verdict"))
      default: .success(.scored(0.9, category: nil))
      }
    }
    let first = try await observe(questions(0..<4), flaky, in: archive)
    #expect(first.map(\.isUnsafe) == [true, nil, nil, true])
    let healthy = ScriptedServerJudge { _ in .success(.scored(0.1, category: nil)) }
    let second = try await observe(questions(0..<4), healthy, in: archive)
    #expect(healthy.asked == ["p1"])
    #expect(second.map(\.isUnsafe) == [true, false, nil, true])
  }

  @Test("A judge that is gone stops the run with 69; what it judged stays")
  func lost() async throws {
    let archive = TransientArchive()
    let dying = ScriptedServerJudge(probe: { throw down }) { input in
      input.prompt < "p2" ? .success(.scored(0.9, category: nil)) : .failure(down)
    }
    let all = questions(0..<200).sorted { $0.prompt < $1.prompt }
    let error = await #expect(throws: SluiceError.self) { _ = try await observe(all, dying, in: archive) }
    #expect(error?.exitCode == .unavailable)
    #expect(error?.message.contains("the judge server") == true)
    let judged = all.count { $0.prompt < "p2" }
    #expect(dying.asked.count < judged + 40)
    let healthy = ScriptedServerJudge { _ in .success(.scored(0.1, category: nil)) }
    _ = try await observe(all, healthy, in: archive)
    #expect(healthy.asked.count == all.count - judged)
  }

  @Test("Members of an ensemble are stored apart: another rule asks nobody again")
  func ensemble() async throws {
    let archive = TransientArchive()
    let high = ScriptedServerJudge("high") { _ in .success(.scored(0.9, category: nil)) }
    let low = ScriptedServerJudge("low") { _ in .success(.scored(0.2, category: nil)) }
    func ensemble(_ rule: EnsembleJudge.Rule) -> EnsembleJudge {
      EnsembleJudge(members: [high, low], rule: rule, threshold: 0.6, hash: { $0 })
    }
    let mean = try await observe(questions(0..<5), ensemble(.mean), in: archive)
    let maximum = try await observe(questions(0..<5), ensemble(.maximum), in: archive)
    #expect(mean.allSatisfy { $0.isUnsafe == false } && maximum.allSatisfy { $0.isUnsafe == true })
    #expect(high.asked.count == 5 && low.asked.count == 5)
  }

  @Test("An attack's locale and category choose the judge")
  func routing() async throws {
    let german = ScriptedServerJudge("german") { _ in .success(.scored(0.9, category: nil)) }
    let other = ScriptedServerJudge("other") { _ in .success(.scored(0.1, category: nil)) }
    let judge = RoutedJudge(
      routes: [.init(locales: ["de"], categories: ["dose"], judge: german)], fallback: other, hash: { $0 })
    let asked =
      questions(0..<2, category: "dose", locale: "de-AT") + questions(2..<4, category: "dose", locale: "en")
      + questions(4..<6)
    let observations = try await observe(asked, judge, in: TransientArchive())
    #expect(observations.map(\.isUnsafe) == [true, true, false, false, false, false])
    #expect(german.asked == ["p0", "p1"])
  }

  @Test("Preflight wants a verdict of every judge behind a server")
  func preflight() async throws {
    let preflight = Preflight(progress: { _ in })
    let well = ScriptedServerJudge { _ in .success(.scored(0, category: nil)) }
    try await preflight.probe([well])
    let dead = ScriptedServerJudge("dead", probe: { throw down }) { _ in .failure(down) }
    let error = await #expect(throws: SluiceError.self) { try await preflight.probe([well, dead]) }
    #expect(error?.exitCode == .unavailable && error?.message.contains("the judge dead is unavailable") == true)
  }
}
