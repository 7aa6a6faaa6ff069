import Core
import Foundation
import Testing

@testable import Statistics

@Suite("Clusters and eigenvalues against plain references")
struct LinkageTests {
  private var random = SeededGenerator(seed: 12)

  /// Unit vectors whose coordinates before scaling are −1, 0 or 1, so that many similarities are equal.
  private mutating func grid(_ count: Int) -> [[Float]] {
    (0..<count).map { _ in
      var vector: [Float] = []
      repeat { vector = (0..<3).map { _ in Float(Int.random(in: -1...1, using: &random)) } } while vector == [0, 0, 0]
      let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return vector.map { $0 / norm }
    }
  }

  private mutating func anywhere(_ count: Int, width: Int) -> [[Float]] {
    (0..<count).map { _ in
      let vector = (0..<width).map { _ in Float(random.uniformDouble() - 0.4) }
      let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return vector.map { $0 / norm }
    }
  }

  /// Complete linkage computed anew at every step. Of equally near pairs, the first in the order of the vectors.
  private func reference(_ vectors: [[Float]], threshold: Double) -> [Int] {
    let order = vectors.indices.sorted { vectors[$0].lexicographicallyPrecedes(vectors[$1]) }
    var groups = order.map { [$0] }
    func similarity(_ a: [Int], _ b: [Int]) -> Float {
      a.flatMap { i in b.map { j in zip(vectors[i], vectors[j]).reduce(Float(0)) { $0 + $1.0 * $1.1 } } }.min() ?? 0
    }
    while true {
      var best: (i: Int, j: Int, similarity: Float)?
      for i in groups.indices {
        for j in groups.indices where j != i {
          let s = similarity(groups[i], groups[j])
          if s > best?.similarity ?? -.infinity { best = (i, j, s) }
        }
      }
      guard let best, Double(best.similarity) >= threshold else { break }
      groups[min(best.i, best.j)] += groups[max(best.i, best.j)]
      groups.remove(at: max(best.i, best.j))
    }
    var numbers: [Int: Int] = [:]
    return vectors.indices.map { index in
      let root = groups.firstIndex { $0.contains(index) } ?? -1
      let number = numbers[root] ?? numbers.count
      numbers[root] = number
      return number
    }
  }

  @Test("Complete linkage joins what a plain implementation joins, where similarities are equal too")
  mutating func linkage() {
    for round in 0..<60 {
      let vectors = round % 2 == 0 ? grid(9) : anywhere(9, width: 3)
      for threshold in [-0.5, 0, 0.5, 0.7, 0.95] {
        #expect(Diversity.clusters(vectors, threshold: threshold) == reference(vectors, threshold: threshold))
      }
    }
    #expect(Diversity.clusters([[1, 0]], threshold: 0.5) == [0])
    #expect(Diversity.clusters([[1, 0], [0, 1]], threshold: 0) == [0, 0])
  }

  @Test("Eigenvalues survive rotations of their matrix")
  mutating func eigenvalues() {
    for values in [[3.0, 1, -2, 0.5, 0, 7], [1, 1, 1, 2], [5], [0, 0, 0], [-1, -1e-3, 1e3]] {
      let n = values.count
      var matrix = [Double](repeating: 0, count: n * n)
      for i in 0..<n { matrix[i * n + i] = values[i] }
      for _ in 0..<(n > 1 ? 12 : 0) {
        let (p, q) = (Int.random(in: 0..<n, using: &random), Int.random(in: 0..<n, using: &random))
        if p == q { continue }
        let angle = 6 * random.uniformDouble()
        let (c, s) = (cos(angle), sin(angle))
        for k in 0..<n {
          let (x, y) = (matrix[k * n + p], matrix[k * n + q])
          (matrix[k * n + p], matrix[k * n + q]) = (c * x - s * y, s * x + c * y)
        }
        for k in 0..<n {
          let (x, y) = (matrix[p * n + k], matrix[q * n + k])
          (matrix[p * n + k], matrix[q * n + k]) = (c * x - s * y, s * x + c * y)
        }
      }
      let found = Diversity.symmetricEigenvalues(&matrix, n).sorted()
      let scale = values.map(abs).max() ?? 1
      #expect(zip(found, values.sorted()).allSatisfy { abs($0 - $1) <= 1e-11 * max(1, scale) }, "\(values): \(found)")
    }
  }

  @Test("The Vendi score is the same from the smaller matrix of products as from the larger one")
  mutating func vendi() {
    for (count, width) in [(2, 2), (3, 2), (7, 3), (3, 3), (4, 3)] {
      let vectors = anywhere(count, width: width)
      let padded = vectors.map { $0 + [Float](repeating: 0, count: 8) }
      let (small, large) = (Diversity.vendiScore(vectors), Diversity.vendiScore(padded))
      #expect(small.flatMap { small in large.map { abs(small - $0) < 1e-9 * $0 } } == true)
    }
    // Two vectors at an angle with cosine c have the eigenvalues (1 ± c)/2.
    let (a, b) = (0.8, 0.2)
    let exact = exp(-(a * log(a) + b * log(b)))
    #expect(abs((Diversity.vendiScore([[1, 0], [0.6, 0.8]]) ?? 0) - exact) < 1e-6)
    #expect(Diversity.vendiScore([]) == nil && abs((Diversity.vendiScore([[1, 0, 0]]) ?? 0) - 1) < 1e-12)
    #expect(
      Diversity.meanCosineDistance([[1, 0], [0, 1]]) == 1 && Diversity.meanCosineDistance([[1, 0], [1, 0]]) == 0)
  }
}

@Suite("Hashed n-grams, value by value")
struct NGramValueTests {
  /// Every gram of three to five letters of a word between brackets, at its hash's place with its hash's sign.
  private func reference(_ words: [String]) -> [Float] {
    var counts = [Float](repeating: 0, count: 256)
    for word in words {
      let letters = Array("<\(word)>".utf8)
      for length in [3, 4, 5] {
        for start in letters.indices where start + length <= letters.count {
          let hash = StableHash.fnv1a(letters[start..<(start + length)])
          counts[Int(hash % 256)] += hash < 0x8000_0000_0000_0000 ? 1 : -1
        }
      }
    }
    let norm = counts.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return counts.map { $0 / norm }
  }

  @Test("Words are letters and digits in lower case, each embedded by its grams")
  func grams() {
    for (text, words) in [
      ("Tell me, NOW!", ["tell", "me", "now"]), ("a1 b-22", ["a1", "b", "22"]), ("ééé", ["ééé"]), ("x", ["x"]),
    ] { #expect(NGramEmbedding.embed(text) == reference(words)) }
  }
}
