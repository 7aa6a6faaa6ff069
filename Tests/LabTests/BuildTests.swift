import Core
import Foundation
import Synchronization
import Testing

@testable import Lab

@Suite("Building the lab")
struct BuildTests {
  /// A few steps each: the models are useless, the files are all there.
  private static let brief = LabModels.Schedules(
    base: Schedule(steps: 3, batch: 4, learningRate: 1e-3), assistant: Schedule(steps: 2, batch: 4, learningRate: 1e-3),
    attacker: Schedule(steps: 2, batch: 4, learningRate: 1e-3), judge: Schedule(steps: 2, batch: 4, learningRate: 1e-3),
    embedder: Schedule(steps: 2, batch: 4, learningRate: 1e-3),
    conversation: Schedule(steps: 2, batch: 4, learningRate: 1e-3))

  @Test("Equal seeds give equal bytes for any number of workers; another seed gives others")
  func reproducible() throws {
    let one = try files(seed: 1, workers: 1)
    let again = try files(seed: 1, workers: 3)
    let other = try files(seed: 2, workers: 3)
    #expect(one.keys.sorted() == again.keys.sorted())
    for (name, bytes) in one { #expect(again[name] == bytes, "\(name)") }
    for name in ["assistant-1.0/model.safetensors", "judge/model.safetensors", "seeds.jsonl", "benign.jsonl"] {
      #expect(one[name] != nil && one[name] != other[name], "\(name)")
    }
    #expect(one["assistant-1.0/model.safetensors"] != one["assistant-1.0-twin/model.safetensors"])
  }

  @Test("Every stage is announced, and ends")
  func progress() throws {
    let events = Mutex<[ProgressEvent]>([])
    _ = try files(seed: 1, workers: 2) { event in events.withLock { $0.append(event) } }
    var begun: Set<String> = []
    var ended: Set<String> = []
    for event in events.withLock({ $0 }) {
      if case .stageBegan(let name, _) = event { begun.insert(name) }
      if case .stageEnded(let name, _) = event { ended.insert(name) }
    }
    #expect(begun == ended)
    #expect(
      begun.isSuperset(of: [
        "tokenizer", "base", "judge", "embedder", "attacker", "assistant-1.2", "assistant-multi-turn", "truth",
      ]))
  }

  @Test("A folder that can't be written is the user's error, with its name")
  func unwritable() throws {
    let blocked = FileManager.default.temporaryDirectory.appending(path: "lab-\(UUID().uuidString)")
    try Data().write(to: blocked)
    defer { try? FileManager.default.removeItem(at: blocked) }
    let error = #expect(throws: SluiceError.self) {
      try LabBuilder.build(
        seed: 1, into: blocked.path, workers: 1, schedules: Self.brief, prompts: 1, progress: { _ in })
    }
    #expect(error?.exitCode == .usage)
    #expect(error?.description.contains(blocked.lastPathComponent) == true)
  }

  private func files(
    seed: UInt64, workers: Int, progress: @escaping ProgressSink = { _ in }
  ) throws -> [String: Data] {
    let folder = FileManager.default.temporaryDirectory.appending(path: "lab-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try LabBuilder.build(
      seed: seed, into: folder, workers: workers, schedules: Self.brief, prompts: 1, progress: progress)
    var files: [String: Data] = [:]
    for name in try FileManager.default.subpathsOfDirectory(atPath: folder) {
      files[name] = FileManager.default.contents(atPath: folder + "/" + name)
    }
    return files
  }
}
