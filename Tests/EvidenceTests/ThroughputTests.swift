import Core
import Foundation
import Testing

@testable import Evidence

@Suite("The ledger's speed")
struct ThroughputTests {
  @Test("a run's 20,000 responses and scores are stored in groups of 64 and found again in seconds")
  func throughput() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    let run = try ledger.beginRun(identity, now: 1)
    let keys = (0..<20_000).map { key("prompt number \($0 % 5000)", $0 / 5000) }
    let began = ContinuousClock().now
    for start in stride(from: 0, to: keys.count, by: 64) {
      let group = keys[start..<min(start + 64, keys.count)]
      #expect(try ledger.responses(Array(group)).allSatisfy { $0 == nil })
      try ledger.store(group.map { ($0, .success(Response(text: "a response of some words"))) }, run: run)
      try ledger.store(group.map { ($0, nil, .scored(0.5, category: nil)) }, judge: "j")
    }
    #expect(try ledger.responses(keys).allSatisfy { $0 != nil })
    #expect(try ledger.scores(keys.map { ($0, nil) }, judge: "j").allSatisfy { $0 != nil })
    // About 2 s on two quiet cores; the bound allows for a busy machine, not for another order of magnitude.
    #expect(ContinuousClock().now - began < .seconds(20))
  }
}
