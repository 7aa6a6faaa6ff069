/// Conversions between float32 and the two 16-bit formats, on bit patterns: branch-free, so that loops vectorise, and
/// the same on processors without half-precision instructions.
public enum HalfPrecision {
  /// IEEE binary16 to binary32, exact, subnormals, infinities and NaN included.
  @inline(__always)
  static func float(half bits: UInt16) -> Float {
    let magnitude = UInt32(bits & 0x7fff) << 13
    // Re-biases the exponent (127 − 15 = 112) and normalises subnormals in one multiplication.
    var value = (Float(bitPattern: magnitude) * 0x1p112).bitPattern
    // Infinity and NaN have all exponent bits set, which the multiplication doesn't know.
    value |= magnitude >= 0x0f80_0000 ? 0x7f80_0000 : 0
    return Float(bitPattern: value | UInt32(bits & 0x8000) << 16)
  }

  /// bfloat16 to binary32, exact: the upper half of the same bits.
  @inline(__always)
  public static func float(brain bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

  /// binary32 to the nearest binary16, ties to even; above 65,519.99 infinity.
  @inline(__always)
  static func half(_ value: Float) -> UInt16 {
    let sign = UInt16(truncatingIfNeeded: value.bitPattern >> 16) & 0x8000
    let magnitude = value.bitPattern & 0x7fff_ffff
    if magnitude > 0x7f80_0000 { return sign | 0x7e00 }
    if magnitude >= 0x477f_f000 { return sign | 0x7c00 }
    if magnitude < 0x3880_0000 {
      // Subnormal: adding 0.5 leaves multiples of 2^-24, rounded by the processor, in the low bits.
      return sign | UInt16(truncatingIfNeeded: (Float(bitPattern: magnitude) + 0.5).bitPattern &- 0x3f00_0000)
    }
    let rounded = magnitude &+ 0x0fff &+ (magnitude >> 13 & 1)
    return sign | UInt16(truncatingIfNeeded: (rounded &- 0x3800_0000) >> 13)
  }

  /// binary32 to the nearest bfloat16, ties to even.
  @inline(__always)
  public static func brain(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    if value.isNaN { return UInt16(truncatingIfNeeded: bits >> 16) | 0x0040 }
    return UInt16(truncatingIfNeeded: (bits &+ 0x7fff &+ (bits >> 16 & 1)) >> 16)
  }

  /// The exponent's bits of a binary16 and of a bfloat16; all set in what isn't finite.
  static let halfExponent: UInt16 = 0x7c00
  static let brainExponent: UInt16 = 0x7f80

  /// Whether all of `count` 16-bit numbers, little-endian and at any address, are finite.
  static func areFinite(_ numbers: UnsafeRawPointer, count: Int, exponent: UInt16) -> Bool {
    var isBroken: UInt16 = 0
    for index in 0..<count {
      let bits = UInt16(littleEndian: numbers.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self))
      isBroken |= bits & exponent == exponent ? 1 : 0
    }
    return isBroken == 0
  }

  /// Whether all of `count` float32 numbers, little-endian and at any address, are finite.
  static func areFinite(floats numbers: UnsafeRawPointer, count: Int) -> Bool {
    var isBroken: UInt32 = 0
    for index in 0..<count {
      let bits = UInt32(littleEndian: numbers.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self))
      isBroken |= bits & 0x7fff_ffff >= 0x7f80_0000 ? 1 : 0
    }
    return isBroken == 0
  }
}
