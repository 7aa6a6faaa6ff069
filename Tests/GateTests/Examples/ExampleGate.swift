import Core
import Evidence
import Foundation
import Policies

@testable import Gate

/// A gate with kinds of its own, in a folder of its own: what the examples of the documentation are tried with.
struct ExampleGate {
  let folder: URL
  private let kinds: Catalogue

  /// - Parameters:
  ///   - files: contents by name; `policy.yaml` is the policy.
  ///   - add: puts kinds into the catalogue.
  init(_ files: [String: String], add: (inout Catalogue) -> Void) throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("example-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for (name, text) in files { try Data(text.utf8).write(to: folder.appendingPathComponent(name)) }
    var kinds = Catalogue.all
    add(&kinds)
    self.kinds = kinds
  }

  /// - Throws: `PolicyErrors`.
  func policy() throws -> Policy {
    try Policy.load(path: folder.appendingPathComponent("policy.yaml").path, environment: [:], kinds: kinds)
  }

  /// Messages about the policy, each with its line: `3: unknown key 'wort'`.
  func problems() throws -> [String] {
    do {
      _ = try policy()
      return []
    } catch let error as PolicyErrors {
      return error.errors.map { "\($0.location?.line ?? 0): \($0.message)" }
    }
  }

  /// Replays the suite and decides.
  func run() async throws -> RunSummary {
    let policy = try policy()
    let stages: Set<Stage> = [.replay, .decide]
    let session = RunSession(
      policy: policy, plan: try Assembly(policy).plan(stages: stages),
      ledger: try Ledger(path: folder.appendingPathComponent("ledger.sqlite").path),
      options: RunOptions(policy: policy.path, stages: stages, resumeCommand: ""), began: Date(), now: { Date() },
      progress: { _ in })
    return try await session.run().summary
  }
}

extension Int {
  /// The number in letters, for answers that are to differ in more than a number.
  var spelt: String { String(String(self).unicodeScalars.map { Character(Unicode.Scalar(UInt8($0.value) + 49)) }) }
}
