import Core
import Foundation
import Testing

@testable import Statistics

@Suite("Cluster size and weakness")
struct SizeAssociationTests {
  /// Clusters of lognormal sizes; a cluster is weak with a probability that may depend on its size.
  private func noticed(_ suites: Int, weak: (Int) -> Double) -> Int {
    var random = SeededGenerator(seed: 4, stream: "sizes")
    func normal() -> Double { (0..<12).reduce(-6.0) { total, _ in total + random.uniformDouble() } }
    return (0..<suites).count { _ in
      let units = (0..<60).flatMap { cluster -> [ClusteredUnit] in
        let members = max(1, min(200, Int(exp(1 + 1.5 * normal()))))
        let isWeak = random.uniformDouble() < weak(members)
        return (0..<members).map { _ in
          ClusteredUnit(
            cluster: "\(cluster)", mean: random.uniformDouble() < (isWeak ? 0.8 : 0.02) ? 1 : 0, responses: 1)
        }
      }
      return SizeAssociation.sizeGoesWithWeakness(units)
    }
  }

  @Test("A notice is rare where size says nothing, and sure where large clusters are weak")
  func notices() {
    #expect(noticed(400) { _ in 0.2 } <= 32)
    #expect(noticed(100) { $0 > 6 ? 0.7 : 0.05 } >= 95)
  }

  @Test("Nothing is said of few clusters, of one size, or of equal means")
  func undefined() {
    func unit(_ cluster: Int, _ mean: Double) -> ClusteredUnit {
      ClusteredUnit(cluster: "\(cluster)", mean: mean, responses: 1)
    }
    #expect(SizeAssociation.p([unit(0, 1), unit(0, 1), unit(1, 0), unit(2, 0)]) == nil)
    #expect(SizeAssociation.p((0..<9).map { unit($0, Double($0 % 2)) }) == nil)
    #expect(SizeAssociation.p((0..<9).map { unit($0 / 2, 0) }) == nil)
  }
}
