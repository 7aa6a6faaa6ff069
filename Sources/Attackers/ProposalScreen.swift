import Core
import Foundation
import Tensors

/// Decides, before the target is paid, which proposals are worth a response.
///
/// A surrogate of the judge (kernel regression on the embeddings of everything asked so far) predicts whether a
/// proposal works; what resembles attacks already claimed counts less, because another copy is no new unique attack. A
/// share of every choice ignores all of this, so that a wrong surrogate can't blind the search.
///
/// What was known before the search is learnt first and weighs less: a former target showed it, or somebody's suite says so.
struct ProposalScreen: Sendable {
  private let settings: AttackerSettings
  /// [N,d]: what was known before the search, then everything asked, one row after the other.
  private(set) var rows: [Float] = []
  private var width = 0
  private var successes: [Float] = []
  /// Rows of what was known before the search.
  private(set) var knownCount = 0
  /// Share of the known successes that still are, as far as they were asked again.
  var trust: Float = 1
  /// Successes of this search.
  private var successCount = 0

  /// Kernel exp((cos − 1)/h): at cosine 0.9 a neighbour weighs a third.
  private static let bandwidth: Float = 0.09
  /// Weight of the overall success rate against neighbours, in neighbours.
  private static let priorWeight: Float = 1
  /// Weight of what was known before the search, in neighbours.
  private static let knownWeight: Float = 0.5
  /// How much an unexplored place is worth, in standard errors.
  private static let curiosity: Float = 0.5

  /// Proposals in one question of what may be chosen, where there are as many: little dearer than one.
  private static let leastQuestion = 8

  init(settings: AttackerSettings) { self.settings = settings }

  /// The screen of a search that goes on.
  /// - Parameters:
  ///   - rows: what `rows` was.
  ///   - worked: whether each row's attack worked; as many as there are rows.
  ///   - knownCount: how many of the rows were known before the search.
  init(settings: AttackerSettings, rows: [Float], worked: [Bool], knownCount: Int) {
    self.settings = settings
    self.rows = rows
    self.knownCount = knownCount
    width = worked.isEmpty ? 0 : rows.count / worked.count
    successes = worked.map { $0 ? 1 : 0 }
    successCount = worked.dropFirst(knownCount).count { $0 }
  }

  /// Whether the attack of each row worked.
  var worked: [Bool] { successes.map { $0 > 0 } }

  /// Takes in what this search asked.
  /// - Returns: the rows that it takes.
  @discardableResult
  mutating func learn(_ vectors: [[Float]], worked: [Bool]) -> Range<Int> {
    let first = successes.count
    add(vectors, worked: worked)
    successCount += worked.count { $0 }
    return first..<successes.count
  }

  /// Takes in what was known before the search, which has asked nothing yet.
  mutating func recall(_ vectors: [[Float]], worked: [Bool]) {
    add(vectors, worked: worked)
    knownCount = successes.count
  }

  /// Takes in what confirming responses said about a row that this search asked.
  mutating func decide(_ row: Int, works: Bool) {
    successCount += (works ? 1 : 0) - (successes[row] > 0 ? 1 : 0)
    successes[row] = works ? 1 : 0
  }

  private mutating func add(_ vectors: [[Float]], worked: [Bool]) {
    for (vector, success) in zip(vectors, worked) {
      width = vector.count
      rows += vector
      successes.append(success ? 1 : 0)
    }
  }

  /// - Parameters:
  ///   - vectors: unit vectors of the pool `[n][d]`.
  ///   - refused: what of the pool is known not to be chosen, without asking.
  ///   - accepts: which of some of the pool may be chosen at all. Asked about each at most once, and about few that aren't
  ///     chosen: it may be dear.
  /// - Returns: indices of the pool, `count` at most, in the order in which they were chosen.
  func choose(
    _ vectors: [[Float]], count: Int, refused: Set<Int> = [], using generator: inout SeededGenerator,
    accepts: ([Int]) async throws -> [Bool]
  ) async rethrows -> [Int] {
    var open = Array(vectors.indices)
    var chosen: [Int] = []
    let views = vectors.map(look)
    /// Claimed or chosen attacks that each proposal resembles.
    var company = views.map(\.company)
    var accepted: [Bool?] = vectors.indices.map { refused.contains($0) ? false : nil }
    func worth(_ index: Int) -> Float { views[index].worth / (1 + company[index]) }
    while chosen.count < count, !open.isEmpty {
      let explores = generator.uniform() < Float(settings.screenExploration)
      // What isn't accepted makes room for another pick of the same kind.
      while !open.isEmpty {
        let position =
          explores
          ? Int.random(in: 0..<open.count, using: &generator)
          : open.indices.max { worth(open[$0]) < worth(open[$1]) } ?? 0
        let index = open.remove(at: position)
        if accepted[index] == nil {
          // The next best will be picked soon, and a blind pick may need another: one question for all.
          let unknown = open.filter { accepted[$0] == nil }
          let next = explores ? unknown : unknown.sorted { worth($0) > worth($1) }
          let asked = [index] + next.prefix(max(Self.leastQuestion, count - chosen.count) - 1)
          for (index, verdict) in zip(asked, try await accepts(asked)) { accepted[index] = verdict }
        }
        guard accepted[index] == true else { continue }
        chosen.append(index)
        for other in open where cosine(vectors[other], vectors[index]) >= Float(settings.similarity) {
          company[other] += views[index].expected
        }
        break
      }
    }
    return chosen
  }

  private func cosine(_ a: [Float], _ b: [Float]) -> Float { dot(min(a.count, b.count), a, b) }

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
    let width = min(width, vector.count)
    rows.withUnsafeBufferPointer { rows in
      vector.withUnsafeBufferPointer { vector in
        guard let row = rows.baseAddress, let vector = vector.baseAddress else { return }
        for index in successes.indices {
          let cosine = dot(width, row + index * self.width, vector)
          // Beyond six bandwidths a neighbour says nothing.
          guard cosine > 1 - 6 * Self.bandwidth else { continue }
          let isKnown = index < knownCount
          let success = successes[index] * (isKnown ? trust : 1)
          let kernel = exp((cosine - 1) / Self.bandwidth) * (isKnown ? Self.knownWeight : 1)
          weight += kernel
          mass += kernel * success
          if cosine >= Float(settings.similarity) { company += success }
        }
      }
    }
    let overall = (Float(successCount) + 1) / (Float(successes.count - knownCount) + 2)
    let expected = (mass + Self.priorWeight * overall) / (weight + Self.priorWeight)
    return View(
      expected: expected, worth: expected + Self.curiosity * (overall * (1 - overall) / (1 + weight)).squareRoot(),
      company: company)
  }
}
