/// Hashes that stay the same over processes, machines and versions (Swift's own `Hasher` is seeded per process).
public enum StableHash {
  /// FNV-1a, 64 bit (Fowler, Noll, Vo): for identifiers and seeds, not for security.
  public static func fnv1a(_ bytes: some Sequence<UInt8>, from start: UInt64 = 0xcbf2_9ce4_8422_2325) -> UInt64 {
    var hash = start
    for byte in bytes {
      hash ^= UInt64(byte)
      hash &*= 0x0000_0100_0000_01b3
    }
    return hash
  }
}

extension String {
  /// 16 lower-case hexadecimal digits.
  public init(hexadecimal value: UInt64) {
    let digits = String(value, radix: 16)
    self = String(repeating: "0", count: 16 - digits.count) + digits
  }
}

/// xoshiro256** (Blackman and Vigna, 2018), seeded by SplitMix64. Its state is a value, so that it can be stored and
/// restored exactly.
public struct SeededGenerator: RandomNumberGenerator, Codable, Hashable, Sendable {
  private var s0, s1, s2, s3: UInt64

  /// Begins the sequence that belongs to `seed`.
  public init(seed: UInt64) {
    var x = seed
    func next() -> UInt64 {
      x &+= 0x9e37_79b9_7f4a_7c15
      var z = x
      z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
      return z ^ (z >> 31)
    }
    s0 = next()
    s1 = next()
    s2 = next()
    s3 = next()
  }

  /// A stream of its own for each (seed, label): independent parts of a run never share draws, so adding a draw in one
  /// part doesn't shift the others.
  public init(seed: UInt64, stream label: String) {
    self.init(seed: StableHash.fnv1a(label.utf8, from: 0xcbf2_9ce4_8422_2325 ^ (seed &* 0x9e37_79b9_7f4a_7c15)))
  }

  public mutating func next() -> UInt64 {
    let result = rotate(s1 &* 5, 7) &* 9
    let t = s1 << 17
    s2 ^= s0
    s3 ^= s1
    s1 ^= s2
    s0 ^= s3
    s2 ^= t
    s3 = rotate(s3, 45)
    return result
  }

  /// Uniform in [0, 1), 24 bits.
  public mutating func uniform() -> Float { Float(next() >> 40) * 0x1p-24 }

  /// Uniform in [0, 1), 53 bits.
  public mutating func uniformDouble() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// Standard normal by Box and Muller's transform.
  public mutating func normal() -> Double {
    let u = 1 - uniformDouble()
    let v = uniformDouble()
    return (-2 * Double.logarithm(u)).squareRoot() * Double.cosine(2 * .pi * v)
  }

  private func rotate(_ x: UInt64, _ k: UInt64) -> UInt64 { (x << k) | (x >> (64 - k)) }
}
