import Core
import FakeServer
import Foundation
import SafetyTuning
import Synchronization
import Targets
import Testing

@Suite("A fine-tuning service in trouble", .timeLimit(.minutes(1)))
struct OutageTests {
  @Test("an upload that is cut in the middle is sent again, and one job is started")
  func partialUpload() async throws {
    let service = FakeFineTuningService()
    let cuts = Mutex(0)
    try await FakeServer.run(
      cutting: { request in
        guard request.path == "/v1/files" else { return false }
        return cuts.withLock { count in
          count += 1
          return count <= 2
        }
      }, answering: service.answer
    ) { server in
      // More than the sockets of a connection can swallow, so that the cut is in the middle of sending.
      let bench = try Workbench(examples: 25_000)
      _ = try await tuner(on: server) { $0.epochs = 1 }.tune(bench.job, progress: bench.progress)
      #expect(cuts.withLock { $0 } == 3)
      #expect(service.files.count == 1)
      #expect(service.files[0].firstRange(of: try bench.bytes(TuningData.fileName)) != nil)
      #expect(service.jobs.count == 1)
    }
  }

  @Test("looks that meet errors, silence, half answers and nonsense don't end a job")
  func looks() async throws {
    let troubles: [FakeReply] = [
      .error(500), .error(503), .error(429, headers: ["Retry-After: 1"]), .reset, .hangUp, .json("not JSON"),
      .json("[]"),
      .json(#"{"id":"ftjob-1"}"#), .halfBody(Array(#"{"id":"ftjob-1","status":"running"}"#.utf8)),
      .after(seconds: 2, .hangUp),
    ]
    let service = FakeFineTuningService { call, nth in
      // Each trouble twice: a look and its retry.
      call == .look && nth <= troubles.count * 2 ? troubles[(nth - 1) / 2] : nil
    }
    try await FakeServer.run(answering: service.answer) { server in
      let bench = try Workbench()
      #expect(
        try await tuner(on: server).tune(bench.job, progress: bench.progress) == .served("ft:base:org:safe:1"))
      #expect(service.jobs.count == 1)
      #expect(bench.notes.contains { $0.contains("can't be looked at") })
    }
  }

  @Test("a service that stays away too long ends the variant; its job stays known")
  func longOutage() async throws {
    let service = FakeFineTuningService { call, _ in call == .look ? .error(503) : nil }
    try await FakeServer.run(answering: service.answer) { server in
      let bench = try Workbench()
      let failure = await #expect(throws: TuningFailure.self) {
        try await tuner(on: server) { $0.outageLimit = .milliseconds(50) }.tune(bench.job, progress: bench.progress)
      }
      #expect(failure?.cause == .unavailable)
      #expect(failure?.message.contains("503") == true)
      #expect(try bench.text("remote-job.json").contains("ftjob-1"))
    }
  }

  @Test("a service that refuses the file or the job ends the variant with its reason")
  func refusals() async throws {
    for call in [FakeFineTuningService.Call.upload, .create] {
      let service = FakeFineTuningService(ineffective: [call]) { $0 == call && $1 == 1 ? .error(400, "no quota") : nil }
      try await FakeServer.run(answering: service.answer) { server in
        let bench = try Workbench()
        let failure = await #expect(throws: TuningFailure.self) {
          try await tuner(on: server).tune(bench.job, progress: bench.progress)
        }
        #expect(failure?.cause == .unavailable)
        #expect(failure?.message.contains("no quota") == true)
        // A refusal is an answer: nothing has to be searched for when it is tried again, and the file is there.
        _ = try await tuner(on: server).tune(bench.job, progress: bench.progress)
        #expect(service.count(.list) == 0)
        #expect(service.files.count == 1)
        #expect(service.jobs.count == 1)
      }
    }
  }

  @Test(
    "an upload that is answered with nonsense starts no job", arguments: ["", "{}", #"{"id":7}"#, #"{"id":"a b"}"#])
  func malformedUpload(reply: String) async throws {
    let service = FakeFineTuningService { call, _ in call == .upload ? .json(reply) : nil }
    try await FakeServer.run(answering: service.answer) { server in
      let bench = try Workbench()
      let failure = await #expect(throws: TuningFailure.self) {
        try await tuner(on: server).tune(bench.job, progress: bench.progress)
      }
      #expect(failure?.cause == .unavailable)
      #expect(service.jobs.isEmpty)
    }
  }

  @Test("a job whose start was never confirmed is found in the service's list, not started again")
  func lostAnswer() async throws {
    for reply in [FakeReply.hangUp, .reset, .error(502), .json("not JSON"), .after(seconds: 2, .hangUp)] {
      let service = FakeFineTuningService { call, nth in call == .create && nth == 1 ? reply : nil }
      try await FakeServer.run(answering: service.answer) { server in
        let bench = try Workbench()
        #expect(
          try await tuner(on: server).tune(bench.job, progress: bench.progress) == .served("ft:base:org:safe:1"))
        #expect(service.count(.create) == 1)
        #expect(service.jobs.count == 1)
      }
    }
  }

  @Test("a job that never reached the service is asked for again")
  func lostOrder() async throws {
    let service = FakeFineTuningService(ineffective: [.create]) { call, nth in
      call == .create && nth <= 2 ? (nth == 1 ? .reset : .error(429)) : nil
    }
    try await FakeServer.run(answering: service.answer) { server in
      let bench = try Workbench()
      _ = try await tuner(on: server).tune(bench.job, progress: bench.progress)
      #expect(service.count(.create) == 3)
      #expect(service.jobs.count == 1)
    }
  }

  @Test("where nobody can tell whether a job has started, none is started beside it, in this run or the next")
  func unknownStart() async throws {
    let listing = Mutex(false)
    let service = FakeFineTuningService { call, nth in
      switch call {
      case .create where nth == 1: .hangUp
      case .list where !listing.withLock(\.self): .error(404, "no list here")
      default: nil
      }
    }
    try await FakeServer.run(answering: service.answer) { server in
      let bench = try Workbench()
      for _ in 0..<2 {
        let failure = await #expect(throws: TuningFailure.self) {
          try await tuner(on: server).tune(bench.job, progress: bench.progress)
        }
        #expect(failure?.cause == .unavailable)
      }
      #expect(service.count(.create) == 1)
      listing.withLock { $0 = true }
      #expect(
        try await tuner(on: server).tune(bench.job, progress: bench.progress) == .served("ft:base:org:safe:1"))
      #expect(service.count(.create) == 1)
      #expect(service.files.count == 1)
    }
  }
}
