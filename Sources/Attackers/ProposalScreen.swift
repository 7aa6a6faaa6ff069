import Core
import Foundation

/// Decides, before the target is paid, which proposals are worth a response.
///
/// A surrogate of the judge (kernel regression on the embeddings of everything asked so far) predicts whether a
/// proposal works; what resembles attacks already claimed counts less, because another copy is no new unique attack. A
/// share of every choice ignores all of this, so that a wrong surrogate can't blind the search.
struct ProposalScreen: Sendable {
  private let settings: AttackerSettings
  /// [N,d]: everything asked, one row after the other.
  private var rows: [Float] = []
  private var width = 0
  private var successes: [Float] = []
  private var successCount = 0

  /// Kernel exp((cos − 1)/h): at cosine 0.9 a neighbour weighs a third.
  private static let bandwidth: Float = 0.09
  /// Weight of the overall success rate against neighbours, in neighbours.
  private static let priorWeight: Float = 1
  /// How much an unexplored place is worth, in standard errors.
  private static let curiosity: Float = 0.5

  init(settings: AttackerSettings) { self.settings = settings }

  mutating func learn(_ vectors: [[Float]], worked: [Bool]) {
    for (vector, success) in zip(vectors, worked) {
      width = vector.count
      rows += vector
      successes.append(success ? 1 : 0)
      successCount += success ? 1 : 0
    }
  }

  /// - Parameter vectors: unit vectors of the pool `[n][d]`.
  /// - Returns: indices of the pool, `count` at most, in the order in which they were chosen.
  func choose(_ vectors: [[Float]], count: Int, using generator: inout SeededGenerator) -> [Int] {
    guard vectors.count > count else { return Array(vectors.indices) }
    var open = Array(vectors.indices)
    var chosen: [Int] = []
    let views = vectors.map(look)
    /// Claimed or chosen attacks that each proposal resembles.
    var company = views.map(\.company)
    while chosen.count < count {
      let position: Int
      if generator.uniform() < Float(settings.screenExploration) {
        position = Int.random(in: 0..<open.count, using: &generator)
      } else {
        position =
          open.indices.max {
            views[open[$0]].worth / (1 + company[open[$0]]) < views[open[$1]].worth / (1 + company[open[$1]])
          } ?? 0
      }
      let index = open.remove(at: position)
      chosen.append(index)
      for other in open where dot(vectors[other], vectors[index]) >= Float(settings.similarity) {
        company[other] += views[index].expected
      }
    }
    return chosen
  }

  private struct View {
    /// Predicted chance of success.
    let expected: Float
    /// With the bonus for what is little known.
    let worth: Float
    /// Successes nearby.
    let company: Float
  }

  private func look(_ vector: [Float]) -> View {
    var (weight, mass, company) = (Float(0), Float(0), Float(0))
    rows.withUnsafeBufferPointer { rows in
      vector.withUnsafeBufferPointer { vector in
        for index in successes.indices {
          var cosine: Float = 0
          let row = index * width
          for column in 0..<min(width, vector.count) { cosine += rows[row + column] * vector[column] }
          // Beyond six bandwidths a neighbour says nothing.
          guard cosine > 1 - 6 * Self.bandwidth else { continue }
          let kernel = exp((cosine - 1) / Self.bandwidth)
          weight += kernel
          mass += kernel * successes[index]
          if cosine >= Float(settings.similarity) { company += successes[index] }
        }
      }
    }
    let overall = (Float(successCount) + 1) / (Float(successes.count) + 2)
    let expected = (mass + Self.priorWeight * overall) / (weight + Self.priorWeight)
    return View(
      expected: expected, worth: expected + Self.curiosity * (overall * (1 - overall) / (1 + weight)).squareRoot(),
      company: company)
  }

  private func dot(_ a: [Float], _ b: [Float]) -> Float {
    var sum: Float = 0
    for index in 0..<min(a.count, b.count) { sum += a[index] * b[index] }
    return sum
  }
}
