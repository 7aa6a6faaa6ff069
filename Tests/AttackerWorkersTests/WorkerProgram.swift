import Attackers
import Core
import FakeServer
import Foundation
import LanguageModels
import Targets

@testable import AttackerWorkers

/// The worker of `Tests/AttackerWorker`, beside the tests' own program, on the lab's attacker.
struct WorkerProgram {
  var options: [String] = []
  var clock = RetryClock.continuous

  static let checkpoint = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../fixtures/lab/attacker").standardizedFileURL.path

  static let local = Result {
    LocalEngine(try CausalLanguageModel.load(folder: checkpoint), fingerprint: "lab")
  }

  func engine() throws -> any AttackerEngine {
    let program = try ProgramForTests.path("attacker-worker")
    return try CommandEngine(command: [program, Self.checkpoint] + options).make(
      EngineContext(fingerprint: { $0 }, digest: { $0 }, redactor: Redactor(), clock: clock))
  }
}
