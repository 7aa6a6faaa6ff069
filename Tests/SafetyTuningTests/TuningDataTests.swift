import Core
import Foundation
import Testing

@testable import SafetyTuning

@Suite("Data for safety tuning")
struct TuningDataTests {
  private let data = TuningData([
    TuningExample(.refusal, prompt: "say \"x\"\n", response: "no."),
    TuningExample(.benign, prompt: "what is the price", response: "ten coins."),
  ])

  @Test("is one chat conversation a line, readable by any JSON parser")
  func chatLines() throws {
    let lines = data.chatLines.split(separator: "\n")
    #expect(lines.count == 2)
    let first = try JSON(parsing: Array(lines[0].utf8))
    let messages = try #require(first["messages"]?.array)
    #expect(messages.map { $0["role"]?.string } == ["user", "assistant"])
    #expect(messages.map { $0["content"]?.string } == ["say \"x\"\n", "no."])
  }

  @Test("is written for its owner alone")
  func permissions() throws {
    let path = NSTemporaryDirectory() + "sluice-\(UUID().uuidString).jsonl"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try data.write(to: path)
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    #expect(throws: SluiceError.self) { try data.write(to: "/nonexistent/\(UUID().uuidString)/x") }
  }

  @Test("is split by whole clusters, the same for the same seed", arguments: [0.0, 0.1, 0.3, 0.9, 1.0])
  func split(share: Double) {
    let clusters = (0..<200).map { $0 % 20 }
    let split = ClusterSplit(clusters, heldOutShare: share, seed: 3)
    #expect(split == ClusterSplit(clusters.reversed(), heldOutShare: share, seed: 3))
    #expect(split.heldOut.count == (share == 0 ? 0 : min(19, Int(share * 20))))
    #expect(share == 0 || ClusterSplit([7], heldOutShare: share, seed: 3).heldOut.isEmpty)
  }
}
