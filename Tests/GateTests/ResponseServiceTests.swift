import Core
import Synchronization
import Testing

@testable import Decisions
@testable import Gate

@Suite("Obtaining responses")
struct ResponseServiceTests {
  private func requests(_ count: Int) -> [TargetRequest] {
    (0..<count).map { TargetRequest(prompt: "prompt \($0)", sampleIndex: 0) }
  }

  private func echo(_ request: TargetRequest) -> ResponseOutcome {
    .success(Response(text: "re: \(request.prompt)", promptTokens: 2, completionTokens: 3))
  }

  @Test("A stored response is never asked again, and outcomes keep the order of the requests")
  func storedResponsesAreReused() async throws {
    let archive = MemoryArchive()
    let target = ScriptedTarget(answer: echo)
    let meter = CostMeter()
    let service = ResponseService(archive: archive, meter: meter)
    _ = try await service.outcomes(of: Array(requests(10)[3..<6]), from: target, as: .candidate)
    let outcomes = try await service.outcomes(of: requests(10), from: target, as: .candidate)

    #expect(outcomes.compactMap { try? $0.get().text } == (0..<10).map { "re: prompt \($0)" })
    #expect(target.requests.count == 10)
    #expect(Set(target.requests).count == 10)
    let row = try #require(meter.rows.first)
    #expect(row.responses == 10 && row.reused == 3 && row.completionTokens == 30)
  }

  @Test("A full ledger stops the asking at once, and what it held before stays")
  func fullLedgerStops() async throws {
    let archive = MemoryArchive()
    archive.limit(20)
    let target = ScriptedTarget(answer: echo)
    let service = ResponseService(archive: archive, meter: CostMeter())
    await #expect(throws: MemoryArchive.Full.self) {
      try await service.outcomes(of: requests(1_000), from: target, as: .candidate)
    }
    #expect(archive.count == 20)
    #expect(target.requests.count < 100)
  }

  @Test("A target that stops answering is given up early with exit code 69, and its answers are kept")
  func lostTargetIsUnavailable() async throws {
    let archive = MemoryArchive()
    let down = ResponseFailure(kind: .serverError, message: "status 500")
    let target = ScriptedTarget(probe: { throw down }) { request in
      request.prompt < "prompt 2" ? .success(Response(text: "ok")) : .failure(down)
    }
    let service = ResponseService(archive: archive, meter: CostMeter())
    let all = requests(1_000).sorted { $0.prompt < $1.prompt }
    let error = await #expect(throws: SluiceError.self) {
      try await service.outcomes(of: all, from: target, as: .candidate)
    }
    #expect(error?.exitCode == .unavailable)
    #expect(archive.count == all.count { $0.prompt < "prompt 2" })
    #expect(target.requests.count < archive.count + 40)
  }

  @Test(
    "A target that loses one request in four is there, though the first probe may be the one lost",
    arguments: [1, 2, 3])
  func probesMayFailToo(failing: Int) async throws {
    let lost = ResponseFailure(kind: .serverError, message: "status 502")
    let probes = Mutex(0)
    let target = ScriptedTarget(probe: {
      let number = probes.withLock { count in
        count += 1
        return count
      }
      if number <= failing { throw lost }
    }) { request in
      "159".contains(request.prompt.last!) ? .failure(lost) : .success(Response(text: "fine"))
    }
    let service = ResponseService(archive: MemoryArchive(), meter: CostMeter())
    if failing < 3 {
      let outcomes = try await service.outcomes(of: requests(20), from: target, as: .candidate)
      #expect(outcomes.count { (try? $0.get()) != nil } == 14)
    } else {
      await #expect(throws: SluiceError.self) {
        try await service.outcomes(of: requests(20), from: target, as: .candidate)
      }
    }
    #expect(probes.withLock { $0 } == min(failing + 1, 3))
  }

  @Test("A refused key ends the run although a probe would succeed")
  func refusedKeyIsUnavailable() async throws {
    let refused = ResponseFailure(kind: .unauthorised, message: "status 401")
    let target = ScriptedTarget { _ in .failure(refused) }
    let service = ResponseService(archive: MemoryArchive(), meter: CostMeter())
    let error = await #expect(throws: SluiceError.self) {
      try await service.outcomes(of: requests(3), from: target, as: .baseline)
    }
    #expect(error?.exitCode == .unavailable)
  }

  @Test("Single failures are errors of their own: neither safe nor unsafe, and the rest goes on")
  func singleFailuresCount() async throws {
    let meter = CostMeter()
    let target = ScriptedTarget { request in
      request.prompt.hasSuffix("7")
        ? .failure(ResponseFailure(kind: .malformed, message: "no choices")) : .success(Response(text: "fine"))
    }
    let judge = ScriptedJudge { $0.prompt.hasSuffix("3") ? .unscored(reason: "?") : .scored(0.9, category: "x") }
    let service = ResponseService(archive: MemoryArchive(), meter: meter)
    let questions = (0..<10).map { Question(prompt: "prompt \($0)", category: nil, sampleIndex: 0) }
    let observations = try await service.observations(questions, from: target, as: .candidate, judge: judge)
    #expect(observations[7].kind == .failed && observations[7].isUnsafe == nil)
    #expect(observations[3].kind == .unscored && observations[3].isUnsafe == nil)
    #expect(observations.count { $0.isUnsafe == true } == 8)
    #expect(meter.rows.first?.errors == 1 && meter.rows.first?.unscored == 1)
  }

  @Test("What a server says that its model declined is a refusal, unless what came with it is unsafe")
  func refusalsOfTheServer() async throws {
    let target = ScriptedTarget { request in
      let text = ["a": "", "b": "Rather not.", "c": "Take the secret."][request.prompt] ?? "Fine."
      return .success(
        Response(text: text, finishReason: request.prompt == "d" ? FinishReason.stop : FinishReason.refused))
    }
    let judge = ScriptedJudge { .scored($0.response.contains("secret") ? 0.9 : 0.1, category: nil) }
    let service = ResponseService(archive: MemoryArchive(), meter: CostMeter(), blocksAreRefusals: false)
    let questions = ["a", "b", "c", "d"].map { Question(prompt: $0, category: nil, sampleIndex: 0) }
    let safety = try await service.observations(questions, from: target, as: .candidate, judge: judge)
    #expect(safety.map(\.isUnsafe) == [false, false, true, false])
    #expect(safety.map(\.isRefusal) == [true, true, false, false] && safety.allSatisfy { $0.kind == .judged })
    let silent = ScriptedJudge { _ in .scored(0, category: nil) }
    let benign = try await service.observations(
      questions, from: target, as: .candidate, judge: silent, measuring: .refusal)
    #expect(
      benign.map(\.isUnsafe) == [true, true, true, false] && benign.map(\.isRefusal) == [true, true, true, false])
  }

  @Test("A search gets further samples of a prompt it asks again, each counted as spent")
  func searchSamplesAdvance() async throws {
    let target = ScriptedTarget(answer: echo)
    let judge = ScriptedJudge { _ in .scored(0, category: nil) }
    let archive = MemoryArchive()
    let service = ResponseService(archive: archive, meter: CostMeter())
    let oracle = SearchOracle(service: service, target: target, role: .candidate, judge: judge, restart: 1)
    let first = try await oracle.observe(["a", "b", "a"], samples: 2)
    #expect(first.map(\.responses) == [2, 2, 2])
    #expect(abs((first[0].logUnsafe ?? 0) - -9.210340371976182) < 1e-12)
    let second = try await oracle.observe(["a"], samples: 1)
    #expect(second[0].responses == 1)
    let samplesOfA = target.requests.filter { $0.prompt == "a" }.map(\.sampleIndex)
    #expect(samplesOfA == [200_000, 200_001, 200_002, 200_003, 200_004])

    let again = SearchOracle(service: service, target: target, role: .candidate, judge: judge, restart: 1)
    let repeated = try await again.observe(["a", "b", "a"], samples: 2)
    #expect(repeated == first)
    #expect(target.requests.count == 7)
  }

  @Test("A search that goes on counts what was answered before, and asks what was under way as if for the first time")
  func searchStandsAgain() async throws {
    let target = ScriptedTarget { request in
      request.prompt == "d" ? .failure(ResponseFailure(kind: .serverError, message: "down")) : echo(request)
    }
    let judge = ScriptedJudge { $0.prompt == "c" ? .unscored(reason: "unsure") : .scored(0.5, category: nil) }
    let service = ResponseService(archive: MemoryArchive(), meter: CostMeter())
    func oracle() -> SearchOracle {
      SearchOracle(service: service, target: target, role: .candidate, judge: judge, restart: 0)
    }
    let first = oracle()
    _ = try await first.observe(["a", "b", "c", "d"], samples: 1)
    let answered = (first.tally, first.lastProposals)
    _ = try await first.observe(["e", "f"], samples: 2)
    let standing = try first.standing(without: ["e", "f"])
    let second = oracle()
    try second.goOn(standing)
    #expect(second.tally == answered.0 && second.lastProposals == answered.1)
    #expect(second.tally.unscored == 1 && second.tally.failed == 1 && second.tally.planned == 4)
    _ = try await second.observe(["e", "f"], samples: 2)
    #expect(second.tally == first.tally && second.lastProposals == first.lastProposals)
    let before = target.requests.count
    _ = try await second.observe(["a"], samples: 1)
    #expect(target.requests.count == before + 1, "a further sample of a prompt, not the first again")
    #expect(throws: DecodingError.self) { try second.goOn(Array("{}".utf8)) }
  }
}
