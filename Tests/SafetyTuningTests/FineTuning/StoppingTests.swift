import Core
import FakeServer
import Foundation
import SafetyTuning
import Targets
import Testing

@Suite("A fine-tuning job that is stopped or gone on with", .timeLimit(.minutes(1)))
struct StoppingTests {
  @Test("an interruption stops the job on the service; the run that goes on starts it anew")
  func interruption() async throws {
    let service = FakeFineTuningService(statuses: ["running"])
    try await FakeServer.run(answering: service.answer) { server in
      let bench = try Workbench()
      let work = Task { try await tuner(on: server).tune(bench.job, progress: bench.progress) }
      #expect(await eventually { service.count(.look) > 2 })
      work.cancel()
      await #expect(throws: CancellationError.self) { try await work.value }
      #expect(service.jobs.map(\.status) == ["cancelled"])
      #expect(try bench.text("remote-job.json").contains("ftjob-1"))
      #expect(try bench.mode("remote-job.json") == 0o600)

      let again = Task { try await tuner(on: server).tune(bench.job, progress: bench.progress) }
      #expect(await eventually { service.jobs.count == 2 })
      again.cancel()
      await #expect(throws: CancellationError.self) { try await again.value }
      #expect(service.jobs.map(\.status) == ["cancelled", "cancelled"])
    }
  }

  @Test("an interruption while the job is being started stops it, too")
  func interruptionAtStart() async throws {
    let answer = FakeReply.after(
      seconds: 0.3, .json(#"{"id":"ftjob-1","status":"queued","training_file":"file-1"}"#))
    for reply in [answer, .after(seconds: 0.3, .hangUp)] {
      let service = FakeFineTuningService(statuses: ["running"]) { call, _ in call == .create ? reply : nil }
      try await FakeServer.run(answering: service.answer) { server in
        let bench = try Workbench()
        let work = Task { try await tuner(on: server).tune(bench.job, progress: bench.progress) }
        #expect(await eventually { service.jobs.count == 1 })
        work.cancel()
        await #expect(throws: CancellationError.self) { try await work.value }
        #expect(service.jobs.map(\.status) == ["cancelled"])
      }
    }
  }

  @Test("an interruption doesn't wait for a service that doesn't answer")
  func silentService() async throws {
    let service = FakeFineTuningService(statuses: ["running"]) { call, _ in
      call == .cancel ? .after(seconds: 60, .hangUp) : nil
    }
    try await FakeServer.run(answering: service.answer) { server in
      let bench = try Workbench()
      let work = Task {
        try await tuner(on: server) { $0.cancelTimeout = .milliseconds(500) }.tune(bench.job, progress: bench.progress)
      }
      #expect(await eventually { service.count(.look) > 0 })
      let start = ContinuousClock.now
      work.cancel()
      await #expect(throws: CancellationError.self) { try await work.value }
      #expect(ContinuousClock.now - start < .seconds(3))
    }
  }

  @Test("a job that takes too long is stopped on the service")
  func timeLimit() async throws {
    let service = FakeFineTuningService(statuses: ["running"])
    try await FakeServer.run(answering: service.answer) { server in
      let bench = try Workbench()
      let failure = await #expect(throws: TuningFailure.self) {
        try await tuner(on: server) { $0.timeLimit = .milliseconds(200) }.tune(bench.job, progress: bench.progress)
      }
      #expect(failure?.cause == .timedOut)
      #expect(failure?.message.contains("asked to stop") == true)
      #expect(service.jobs.map(\.status) == ["cancelled"])
    }
  }

  @Test("a run that goes on waits for the job that is paid for", arguments: ["running", "succeeded"])
  func resume(status: String) async throws {
    let service = FakeFineTuningService { call, nth in call == .look && nth < 9 ? .error(503) : nil }
    try await FakeServer.run(answering: service.answer) { server in
      let bench = try Workbench()
      // As after a kill: the job runs, and the folder knows of it.
      await #expect(throws: TuningFailure.self) {
        try await tuner(on: server) { $0.outageLimit = .milliseconds(1) }.tune(bench.job, progress: bench.progress)
      }
      service.change { $0[0].status = status }
      #expect(
        try await tuner(on: server).tune(bench.job, progress: bench.progress) == .served("ft:base:org:safe:1"))
      #expect(service.jobs.count == 1)
      #expect(service.files.count == 1)
      // And once more, for nothing.
      #expect(
        try await tuner(on: server).tune(bench.job, progress: bench.progress) == .served("ft:base:org:safe:1"))
      #expect(service.jobs.count == 1)
    }
  }

  @Test("a run that goes on starts anew where the job has failed, was cancelled, or is gone")
  func resumeAfterFailure() async throws {
    let edits: [(inout [FakeFineTuningService.Job]) -> Void] = [
      { $0[0].status = "failed" }, { $0[0].status = "cancelled" }, { $0 = [] },
    ]
    for edit in edits {
      let service = FakeFineTuningService()
      try await FakeServer.run(answering: service.answer) { server in
        let bench = try Workbench()
        _ = try await tuner(on: server).tune(bench.job, progress: bench.progress)
        service.change(edit)
        #expect(
          try await tuner(on: server).tune(bench.job, progress: bench.progress) == .served("ft:base:org:safe:1"))
        #expect(service.count(.create) == 2)
      }
    }
  }

  @Test("what is known of other data or settings is not taken for this job, and its job is stopped")
  func otherJob() async throws {
    let service = FakeFineTuningService(statuses: ["running"]) { call, nth in
      call == .look && nth <= 2 ? .error(400, "not now") : nil
    }
    try await FakeServer.run(answering: service.answer) { server in
      let bench = try Workbench()
      for epochs in 1...2 {
        await #expect(throws: TuningFailure.self) {
          try await tuner(on: server) { $0.epochs = epochs }.tune(bench.job, progress: bench.progress)
        }
      }
      #expect(service.jobs.map(\.status) == ["cancelled", "running"])
    }
  }

  @Test("while the service can't be asked to stop another job of this folder, none is started")
  func otherJobOutOfReach() async throws {
    let service = FakeFineTuningService(statuses: ["running"], ineffective: [.cancel]) { call, nth in
      call == .look ? .error(400, "not now") : call == .cancel ? .error(503) : nil
    }
    try await FakeServer.run(answering: service.answer) { server in
      let bench = try Workbench()
      for epochs in 1...2 {
        let failure = await #expect(throws: TuningFailure.self) {
          try await tuner(on: server) { $0.epochs = epochs }.tune(bench.job, progress: bench.progress)
        }
        #expect(failure?.cause == .unavailable)
      }
      #expect(service.jobs.count == 1)
    }
  }

  @Test("what can't be read of an earlier job stops the run: that job may be paid for")
  func damagedRecord() async throws {
    let service = FakeFineTuningService()
    try await FakeServer.run(answering: service.answer) { server in
      let bench = try Workbench()
      try Data("{\"job\":".utf8).write(to: URL(fileURLWithPath: bench.folder + "/remote-job.json"))
      let error = await #expect(throws: SluiceError.self) {
        try await tuner(on: server).tune(bench.job, progress: bench.progress)
      }
      #expect(error?.exitCode == .usage)
      #expect(server.requests.isEmpty)
    }
  }
}
