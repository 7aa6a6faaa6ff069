import Core
import Synchronization
import Testing

@testable import Gate

private let reachable = Respondent(
  concurrency: 8, inFlight: 64, probe: {}, isLost: { SluiceError(.unavailable, $0.message) })

@Suite("Committing what arrives", .timeLimit(.minutes(1)))
struct CommittingTests {
  private struct DiskFull: Error {}

  /// What was committed, in groups.
  private final class Groups: Sendable {
    private let groups = Mutex<[[Int]]>([])
    func add(_ group: [Int]) { groups.withLock { $0.append(group) } }
    var all: [[Int]] { groups.withLock { $0 } }
  }

  private func collector(
    _ groups: Groups, pause: Duration, inFlight: Int = 256, inBatches: Bool = false,
    mayCommit: @escaping @Sendable (_ places: [Int]) throws -> Void = { _ in }
  ) -> Collector<Int> {
    Collector(
      Respondent(
        concurrency: 8, inFlight: inFlight, answersInBatches: inBatches, probe: {}, isLost: reachable.isLost),
      pause: pause
    ) { arrivals in
      try mayCommit(arrivals.map(\.place))
      groups.add(arrivals.map(\.place))
      return arrivals.map { Int64($0.place) }
    }
  }

  @Test("An outcome that comes alone is committed before its bringer goes on")
  func alone() async throws {
    let groups = Groups()
    let collector = collector(groups, pause: .milliseconds(20))
    for number in 0..<3 {
      #expect(collector.arrived(number, .success(number)))
      #expect(groups.all.count == number + 1)
      try await Task.sleep(for: .milliseconds(40))
    }
  }

  @Test("Outcomes that come fast share transactions, and each is in one of them")
  func together() async throws {
    let groups = Groups()
    let collector = collector(groups, pause: .seconds(60), inFlight: 64)
    try await collector.run { arrived in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for worker in 0..<4 {
          group.addTask { for number in 0..<1_000 { arrived(4 * number + worker, .success(number)) } }
        }
        try await group.waitForAll()
      }
    }
    #expect(groups.all.joined().sorted() == Array(0..<4_000))
    // The first comes alone, the last may; all between are as large as asked for.
    #expect(groups.all.dropFirst().dropLast().allSatisfy { $0.count >= 64 })
  }

  @Test("The first of a batch waits for the others, which are there at the same moment")
  func batches() async throws {
    let groups = Groups()
    let collector = collector(groups, pause: .seconds(60), inFlight: 64, inBatches: true)
    try await collector.run { arrived in
      for number in 0..<40 { arrived(number, .success(number)) }
      #expect(groups.all.isEmpty)
      for number in 40..<70 { arrived(number, .success(number)) }
      #expect(groups.all == [Array(0..<64)])
    }
    #expect(groups.all == [Array(0..<64), Array(64..<70)])
  }

  @Test("A batch that is over before it is large is committed when the pause is over")
  func smallBatch() async throws {
    let groups = Groups()
    let collector = collector(groups, pause: .milliseconds(10), inFlight: 64, inBatches: true)
    for number in 0..<3 {
      collector.arrived(number, .success(number))
      while groups.all.count <= number { try await Task.sleep(for: .milliseconds(2)) }
    }
    #expect(groups.all == [[0], [1], [2]])
  }

  @Test("What waits for company is committed when the pause is over, with nobody bringing more")
  func due() async throws {
    let groups = Groups()
    let collector = collector(groups, pause: .milliseconds(50))
    for number in 0..<5 { collector.arrived(number, .success(number)) }
    while groups.all.joined().count < 5 { try await Task.sleep(for: .milliseconds(5)) }
    #expect(groups.all.joined().sorted() == Array(0..<5))
  }

  @Test("A ledger that can't be written is told to those who bring more, and at the end")
  func full() async throws {
    let groups = Groups()
    let accepted = Mutex(0)
    let collector = collector(groups, pause: .zero) { places in
      if groups.all.joined().count + places.count > 10 { throw DiskFull() }
    }
    await #expect(throws: DiskFull.self) {
      try await collector.run { _ in
        let count = (0..<100).prefix { collector.arrived($0, .success($0)) }.count
        accepted.withLock { $0 = count }
      }
    }
    #expect(accepted.withLock(\.self) == 10)
  }
}

@Suite("What waits for its judge", .timeLimit(.minutes(1)))
struct HandingOnTests {
  private func item(_ number: Int, bytes: Int) -> Collector<Response>.Item {
    .init(
      place: number, row: Int64(number), outcome: .success(Response(text: String(repeating: "x", count: bytes))),
      isStored: true)
  }

  private func collector() -> Collector<Response> {
    Collector(reachable, weight: { $0.text.utf8.count }) { arrivals in arrivals.map { _ in nil } }
  }

  @Test("is handed on in order and in groups, each outcome once, and nothing after the end")
  func groups() async throws {
    let collector = collector()
    let size = Collector<Response>.groupSize
    let reading = Task {
      var groups: [[Int]] = []
      for await group in collector.groups { groups.append(group.map(\.place)) }
      return groups
    }
    for number in 0..<(2 * size + 10) { collector.add([item(number, bytes: 4)]) }
    collector.end()
    let groups = await reading.value
    #expect(Array(groups.joined()) == Array(0..<(2 * size + 10)))
    #expect(groups.map(\.count) == [size, size, 10])
    for await group in collector.groups { Issue.record("\(group.count) after the end") }
  }

  @Test("keeps only so many bytes of text, however slow the judge is, and makes room as groups are taken")
  func bounded() async throws {
    let collector = collector()
    let large = Collector<Response>.mostBytes / 8
    for number in 0..<20 { collector.add([item(number, bytes: large)]) }
    let failure = ResponseFailure(kind: .rejected, message: "no")
    collector.add([.init(place: 20, row: nil, outcome: .failure(failure), isStored: false)])
    var (withText, seen, last) = (0, 0, nil as Collector<Response>.Item?)
    for await group in collector.groups {
      seen += group.count
      withText += group.count { $0.outcome != nil }
      last = group.last
      if seen == 4 {
        collector.add([item(21, bytes: large)])
        collector.end()
      }
    }
    #expect(seen == 22)
    // Eight fit, the failure takes no room, and the last came when there was some again.
    #expect(withText == 10)
    #expect(last?.place == 21 && last?.outcome != nil && last?.row == 21)
  }

  @Test("is left where the target is lost, and a reader that is cancelled waits no longer")
  func abandoned() async throws {
    let left = collector()
    left.add((0..<Collector<Response>.groupSize).map { item($0, bytes: 4) })
    left.abandon()
    for await group in left.groups { Issue.record("\(group.count) were handed on") }
    let other = collector()
    let reading = Task { for await group in other.groups { Issue.record("\(group.count) out of nothing") } }
    reading.cancel()
    await reading.value
  }
}

@Suite("Asking and judging side by side", .timeLimit(.minutes(1)))
struct SideBySideTests {
  private let questions = (0..<3 * Collector<Response>.groupSize).map {
    Question(prompt: "p\($0)", category: nil, sampleIndex: 0)
  }

  /// Notes in which order things happened.
  private final class Diary: Sendable {
    private let notes = Mutex((asked: 0, judgedBefore: [Int]()))
    func asked() { notes.withLock { $0.asked += 1 } }
    func judged() { notes.withLock { $0.judgedBefore.append($0.asked) } }
    var hasJudged: Bool { notes.withLock { !$0.judgedBefore.isEmpty } }
    var judgedBefore: [Int] { notes.withLock { $0.judgedBefore } }
  }

  @Test("Responses are judged while others are asked for, and observations keep the order of the questions")
  func overlap() async throws {
    let diary = Diary()
    // The last third is answered only once the first group was judged.
    let target = WaitingTarget(diary: { diary.asked() }, waitsFrom: 2 * Collector<Response>.groupSize) {
      diary.hasJudged
    }
    let judge = ScriptedJudge { input in
      diary.judged()
      return .scored(input.prompt.hasSuffix("7") ? 0.9 : 0.1, category: nil)
    }
    let meter = CostMeter()
    let observations = try await ResponseService(archive: MemoryArchive(), meter: meter)
      .observations(questions, from: target, as: .candidate, judge: judge)
    #expect(observations.map(\.isUnsafe) == questions.map { $0.prompt.hasSuffix("7") })
    #expect((diary.judgedBefore.first ?? .max) < questions.count)
    #expect(meter.rows.first?.responses == questions.count)
  }

  @Test("A judge that fails on the way ends the call with its error, and every response is stored")
  func judgeFails() async throws {
    struct Broken: Error {}
    struct BrokenJudge: Judge {
      let name = "broken"
      let fingerprint = "broken"
      let threshold = 0.5
      func score(_ inputs: [JudgeInput]) async throws -> [Score] { throw Broken() }
    }
    let archive = MemoryArchive()
    let target = ScriptedTarget { .success(Response(text: $0.prompt)) }
    await #expect(throws: Broken.self) {
      _ = try await ResponseService(archive: archive, meter: CostMeter())
        .observations(questions, from: target, as: .candidate, judge: BrokenJudge())
    }
    #expect(archive.count == questions.count)
  }

  @Test("What was stored before is judged beside what is asked now, each once")
  func partlyStored() async throws {
    let archive = MemoryArchive()
    let target = ScriptedTarget { .success(Response(text: $0.prompt)) }
    let judge = ScriptedJudge { .scored($0.response == $0.prompt ? 0.1 : 0.9, category: nil) }
    let service = ResponseService(archive: archive, meter: CostMeter())
    let some = questions.enumerated().filter { $0.offset % 3 == 0 }.map(\.element)
    _ = try await service.observations(some, from: target, as: .candidate, judge: judge)
    let asked = Mutex(0)
    let counting = ScriptedJudge { _ in
      asked.withLock { $0 += 1 }
      return .scored(0.2, category: nil)
    }
    let all = try await service.observations(questions, from: target, as: .candidate, judge: counting)
    #expect(asked.withLock { $0 } == questions.count - some.count)
    #expect(all.enumerated().allSatisfy { $1.probability == ($0 % 3 == 0 ? 0.1 : 0.2) })
    #expect(target.requests.count == questions.count)
  }
}

/// A target that waits before it answers the last questions.
private final class WaitingTarget: Target {
  let name = "waiting"
  let fingerprint = "waiting"
  let settings = SamplingSettings()
  let preferredBatch = 8
  let identifiesBytes = true
  private let note: @Sendable () -> Void
  private let waitsFrom: Int
  private let mayGoOn: @Sendable () -> Bool

  init(diary note: @escaping @Sendable () -> Void, waitsFrom: Int, until mayGoOn: @escaping @Sendable () -> Bool) {
    self.note = note
    self.waitsFrom = waitsFrom
    self.mayGoOn = mayGoOn
  }

  func respond(
    to requests: [TargetRequest], onOutcome: @escaping @Sendable (Int, ResponseOutcome) -> Void
  ) async throws {
    for (index, request) in requests.enumerated() {
      // Ten seconds at most, so that a judge that never comes fails the test and doesn't stop it.
      for _ in 0..<2_000 where index >= waitsFrom && !mayGoOn() { try await Task.sleep(for: .milliseconds(5)) }
      note()
      onOutcome(index, .success(Response(text: request.prompt)))
    }
  }

  func probe() async throws {}
}
