import Core
import Foundation

/// Clusters and diversity of unit vectors.
public enum Diversity {
  /// Groups vectors by complete linkage: the two nearest groups merge while every pair across them has a cosine of at
  /// least `threshold`. The result doesn't depend on the order of the vectors (equal similarities are broken by the
  /// vectors' own values), and no chain of neighbours can join what is far apart.
  ///
  /// - Parameter vectors: unit vectors [n][d].
  /// - Returns: the group of each vector, numbered by first appearance.
  public static func clusters(_ vectors: [[Float]], threshold: Double) -> [Int] {
    let n = vectors.count
    // Worked on in an order that depends on the vectors alone.
    let order = (0..<n).sorted { vectors[$0].lexicographicallyPrecedes(vectors[$1]) }
    var similarity = [Float](repeating: 0, count: n * n)
    for i in 0..<n {
      for j in 0..<i {
        let s = dot(vectors[order[i]], vectors[order[j]])
        similarity[i * n + j] = s
        similarity[j * n + i] = s
      }
    }
    var group = Array(0..<n)
    var alive = [Bool](repeating: true, count: n)
    // Nearest neighbour of each living group, kept up to date: n² overall in practice.
    func nearest(_ i: Int) -> Int {
      var best = -1
      for j in 0..<n where j != i && alive[j] && (best < 0 || similarity[i * n + j] > similarity[i * n + best]) {
        best = j
      }
      return best
    }
    var neighbour = (0..<n).map { nearest($0) }
    while true {
      var best = -1
      for i in 0..<n where alive[i] && neighbour[i] >= 0 {
        if best < 0 || similarity[i * n + neighbour[i]] > similarity[best * n + neighbour[best]] { best = i }
      }
      guard best >= 0, Double(similarity[best * n + neighbour[best]]) >= threshold else { break }
      let (keep, drop) = (min(best, neighbour[best]), max(best, neighbour[best]))
      alive[drop] = false
      for i in 0..<n where group[i] == drop { group[i] = keep }
      // What was merged is never read again.
      for j in 0..<n {
        let s = min(similarity[keep * n + j], similarity[drop * n + j])
        similarity[keep * n + j] = s
        similarity[j * n + keep] = s
      }
      for i in 0..<n where alive[i] && (i == keep || neighbour[i] == keep || neighbour[i] == drop) {
        neighbour[i] = nearest(i)
      }
    }
    var placeOf = [Int](repeating: 0, count: n)
    for (place, index) in order.enumerated() { placeOf[index] = place }
    var numbers: [Int: Int] = [:]
    return (0..<n).map { index in
      let root = group[placeOf[index]]
      if let number = numbers[root] { return number }
      numbers[root] = numbers.count
      return numbers.count - 1
    }
  }

  /// 1 − mean pairwise cosine: (|Σe|² − n) / (n(n−1)) is the mean cosine, linear in n. Nil for fewer than two vectors.
  public static func meanCosineDistance(_ vectors: [[Float]]) -> Double? {
    let n = Double(vectors.count)
    guard n > 1, let width = vectors.first?.count else { return nil }
    var sum = [Double](repeating: 0, count: width)
    for vector in vectors { for i in 0..<width { sum[i] += Double(vector[i]) } }
    let square = sum.reduce(0) { $0 + $1 * $1 }
    return 1 - (square - n) / (n * (n - 1))
  }

  /// Vendi score (Friedman and Dieng, 2023): exp of the entropy of the eigenvalues of K/n, K the cosine kernel; between
  /// 1 (all alike) and n (all orthogonal). Nil for no vectors.
  public static func vendiScore(_ vectors: [[Float]]) -> Double? {
    guard let width = vectors.first?.count, !vectors.isEmpty else { return nil }
    let n = vectors.count
    // The Gram matrix and the d × d matrix XᵀX share their non-zero eigenvalues; the smaller one is worked on.
    let size = min(n, width)
    var matrix = [Double](repeating: 0, count: size * size)
    if n <= width {
      for i in 0..<n {
        for j in 0...i {
          let s = zip(vectors[i], vectors[j]).reduce(0.0) { $0 + Double($1.0) * Double($1.1) } / Double(n)
          matrix[i * n + j] = s
          matrix[j * n + i] = s
        }
      }
    } else {
      for vector in vectors {
        for i in 0..<width {
          for j in 0..<width { matrix[i * width + j] += Double(vector[i]) * Double(vector[j]) / Double(n) }
        }
      }
    }
    let entropy = symmetricEigenvalues(&matrix, size).reduce(0.0) { $1 > 1e-12 ? $0 - $1 * log($1) : $0 }
    return exp(entropy)
  }

  /// Eigenvalues of a symmetric matrix [n,n] by Jacobi's cyclic rotations; the matrix is destroyed.
  static func symmetricEigenvalues(_ a: inout [Double], _ n: Int) -> [Double] {
    for _ in 0..<60 {
      var off = 0.0
      for i in 0..<n { for j in 0..<i { off += a[i * n + j] * a[i * n + j] } }
      if off < 1e-22 { break }
      for p in 0..<n {
        for q in (p + 1)..<n where abs(a[p * n + q]) > 1e-300 {
          let theta = (a[q * n + q] - a[p * n + p]) / (2 * a[p * n + q])
          let t = (theta >= 0 ? 1.0 : -1.0) / (abs(theta) + (theta * theta + 1).squareRoot())
          let c = 1 / (t * t + 1).squareRoot()
          let s = t * c
          for k in 0..<n {
            let (x, y) = (a[k * n + p], a[k * n + q])
            a[k * n + p] = c * x - s * y
            a[k * n + q] = s * x + c * y
          }
          for k in 0..<n {
            let (x, y) = (a[p * n + k], a[q * n + k])
            a[p * n + k] = c * x - s * y
            a[q * n + k] = s * x + c * y
          }
        }
      }
    }
    return (0..<n).map { a[$0 * n + $0] }
  }
}

/// The fallback embedder: hashed character n-grams of lengths 3 to 5 over words, as unit vectors [256]. It sees wording,
/// not meaning; a policy that names an `embedder` gets the real thing.
public enum NGramEmbedding {
  /// Length of a vector.
  public static let width = 256

  /// The unit vector of a text; zeros for a text without a word.
  public static func embed(_ text: String) -> [Float] {
    var vector = [Float](repeating: 0, count: width)
    for word in text.lowercased().split(whereSeparator: { !$0.isLetter && !$0.isNumber }) {
      let padded = Array("<\(word)>".utf8)
      for length in 3...5 where padded.count >= length {
        for start in 0...padded.count - length {
          let hash = StableHash.fnv1a(padded[start..<start + length])
          vector[Int(hash % UInt64(width))] += hash >> 63 == 0 ? 1 : -1
        }
      }
    }
    let norm = vector.reduce(Float(0)) { $0 + $1 * $1 }.squareRoot()
    return norm > 0 ? vector.map { $0 / norm } : vector
  }
}
