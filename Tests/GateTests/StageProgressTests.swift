import Core
import Synchronization
import Testing

@testable import Decisions
@testable import Gate

@Suite("Progress of stages")
struct StageProgressTests {
  private let judge = ScriptedJudge { .scored($0.response == "yes" ? 1 : 0, category: nil) }

  private final class Sink: Sendable {
    let events = Mutex<[ProgressEvent]>([])
    /// Done, given and total where most was done; models answer side by side, so it needn't be the last event.
    var furthest: [Int]? {
      events.withLock { events in
        events.compactMap { event -> [Int]? in
          if case .advanced(_, let done, let total, _, _, let given) = event {
            [done, given, total ?? -1]
          } else {
            nil
          }
        }.max { $0[0] < $1[0] }
      }
    }
    func take(_ event: ProgressEvent) { events.withLock { $0.append(event) } }
  }

  private func replay(_ prompts: [String], _ archive: MemoryArchive, unasked: [AttackID: String] = [:]) async throws
    -> Sink
  {
    let sink = Sink()
    let targets = [(Role.candidate, "new"), (.baseline, "old")].map { role, print in
      Participant(
        role: role, target: ScriptedTarget(fingerprint: print) { _ in .success(Response(text: "no")) }, kind: "local")
    }
    let attacks = prompts.map { SuiteAttack(attack: Attack(prompt: $0), foundOn: nil) }
    _ = try await ReplayStage(
      service: ResponseService(archive: archive, meter: CostMeter()), judge: judge,
      settings: .init(responses: 3, looksTwice: false, secondLook: { _ in 8 }), unasked: unasked,
      progress: { sink.take($0) }
    ).run(AttackSuite(attacks: attacks, candidate: "new", baseline: "old"), on: targets)
    return sink
  }

  @Test("What the ledger has is done and given, and so is what can't be asked")
  func stored() async throws {
    let archive = MemoryArchive()
    #expect(try await replay(["a", "b"], archive).furthest == [12, 0, 12])
    #expect(try await replay(["a", "b"], archive).furthest == [12, 12, 12])
    #expect(try await replay(["a", "b", "c"], archive).furthest == [18, 12, 18])
    let lost = Attack(prompt: "d").id
    #expect(try await replay(["a", "d"], archive, unasked: [lost: "not rewritten"]).furthest == [12, 12, 12])
  }

  @Test("Counts stay within the total, and what is given within what is shown")
  func clamped() {
    let sink = Sink()
    let stage = StageProgress("x", total: 10, sink: { sink.take($0) })
    stage.advance(by: 8, given: 8)
    stage.advance(by: 4)
    #expect(sink.furthest == [10, 6, 10])
    stage.extend(by: 2)
    stage.advance(by: 0, note: "still here")
    #expect(sink.furthest == [12, 8, 12])
    let count = sink.events.withLock(\.count)
    stage.advance(by: 0)
    #expect(sink.events.withLock(\.count) == count)
  }

  @Test("A judge's replies are told from the last response on, not before")
  func judgeReplies() {
    let kept = Mutex<[Arrival]>([])
    let replies = JudgeReplies { arrival in kept.withLock { $0.append(arrival) } }
    var arrivals: [Arrival] { kept.withLock(\.self) }
    replies.came(5)
    #expect(arrivals.isEmpty)
    replies.areAwaited()
    replies.came(2)
    #expect(arrivals == [Arrival(count: 0, isStored: false, note: "waiting for the judge, 7 judged so far")])
  }
}
