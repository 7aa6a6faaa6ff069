/// Blocks with a minimum beside the scale, with few bits, or with values from a table (`ggml-quants.c`,
/// `dequantize_row_*`).

/// scale, minimum, then 16 bytes of two 4-bit values: the low halves first.
func q41Block(_ x: UnsafeRawPointer, _ y: UnsafeMutablePointer<Float>) {
  let (d, m) = (half(x), half(x + 2))
  for i in 0..<16 {
    let q = byte(x, 4 + i)
    y[i] = Float(q & 15) * d + m
    y[i + 16] = Float(q >> 4) * d + m
  }
}

/// scale, minimum, the 32 fifth bits, then as above.
func q51Block(_ x: UnsafeRawPointer, _ y: UnsafeMutablePointer<Float>) {
  let (d, m) = (half(x), half(x + 2))
  let high = UInt32(littleEndian: x.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
  for i in 0..<16 {
    let q = byte(x, 8 + i)
    y[i] = Float(q & 15 | UInt8(high >> UInt32(i) & 1) << 4) * d + m
    y[i + 16] = Float(q >> 4 | UInt8(high >> UInt32(i + 16) & 1) << 4) * d + m
  }
}

/// 16 bytes of 4-bit scales and minima, 64 bytes of four 2-bit values, scale, scale of minima.
func q2KBlock(_ x: UnsafeRawPointer, _ y: UnsafeMutablePointer<Float>) {
  let (d, dMinimum) = (half(x + 80), half(x + 82))
  for index in 0..<16 {
    // Eight groups of 16 a half: the shift grows every second one.
    let (part, group) = (index / 8, index % 8)
    let packed = byte(x, index)
    let (scale, minimum) = (d * Float(packed & 15), dMinimum * Float(packed >> 4))
    for i in 0..<16 {
      let q = byte(x, 16 + 32 * part + 16 * (group & 1) + i) >> UInt8(2 * (group / 2)) & 3
      y[128 * part + 16 * group + i] = scale * Float(q) - minimum
    }
  }
}

/// 32 bytes of third bits, 64 bytes of four 2-bit values, 12 bytes of sixteen 6-bit scales, scale.
func q3KBlock(_ x: UnsafeRawPointer, _ y: UnsafeMutablePointer<Float>) {
  let d = half(x + 108)
  for index in 0..<16 {
    let low = index < 8 ? byte(x, 96 + index) & 15 : byte(x, 96 + index - 8) >> 4
    let high = byte(x, 104 + index % 4) >> UInt8(2 * (index / 4)) & 3
    let scale = d * Float(Int(low | high << 4) - 32)
    let (part, group) = (index / 8, index % 8)
    for i in 0..<16 {
      let place = 16 * (group & 1) + i
      let q = byte(x, 32 + 32 * part + place) >> UInt8(2 * (group / 2)) & 3
      let third = byte(x, place) >> UInt8(4 * part + group / 2) & 1
      y[128 * part + 16 * group + i] = scale * Float(Int(q) - (third == 1 ? 0 : 4))
    }
  }
}

/// A float32 scale, 256 signed bytes, and sums that only products need.
func q8KBlock(_ x: UnsafeRawPointer, _ y: UnsafeMutablePointer<Float>) {
  let d = Float(bitPattern: UInt32(littleEndian: x.loadUnaligned(as: UInt32.self)))
  for i in 0..<256 { y[i] = d * Float(x.load(fromByteOffset: 4 + i, as: Int8.self)) }
}

/// The values of the two types with non-linear steps.
private let iq4Values: [Float] = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113]

/// scale, then 16 bytes of two 4-bit indices: the low halves first.
func iq4NLBlock(_ x: UnsafeRawPointer, _ y: UnsafeMutablePointer<Float>) {
  let d = half(x)
  for i in 0..<16 {
    let q = byte(x, 2 + i)
    y[i] = d * iq4Values[Int(q & 15)]
    y[i + 16] = d * iq4Values[Int(q >> 4)]
  }
}

/// scale, 16 high bits and 4 bytes of low bits of eight 6-bit scales, then eight times 16 bytes as above.
func iq4XSBlock(_ x: UnsafeRawPointer, _ y: UnsafeMutablePointer<Float>) {
  let d = half(x)
  let high = UInt16(littleEndian: x.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
  for group in 0..<8 {
    let low = byte(x, 4 + group / 2) >> UInt8(4 * (group & 1)) & 15
    let scale = d * Float(Int(low) | Int(high >> UInt16(2 * group) & 3) << 4 - 32)
    for i in 0..<16 {
      let q = byte(x, 8 + 16 * group + i)
      y[32 * group + i] = scale * iq4Values[Int(q & 15)]
      y[32 * group + 16 + i] = scale * iq4Values[Int(q >> 4)]
    }
  }
}

/// Twice the values of E2M1 (OCP Microscaling Formats 1.0), as ggml keeps them.
private let mxfp4Values: [Float] = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12]

/// A power of two (E8M0), then 16 bytes of two 4-bit values: the low halves first.
func mxfp4Block(_ x: UnsafeRawPointer, _ y: UnsafeMutablePointer<Float>) {
  // Half of 2^(e − 127), since the values are doubled; below the normal numbers, bits of a subnormal one.
  let e = UInt32(byte(x, 0))
  let d = Float(bitPattern: e < 2 ? 0x0020_0000 << e : (e - 1) << 23)
  for i in 0..<16 {
    let q = byte(x, 1 + i)
    y[i] = d * mxfp4Values[Int(q & 15)]
    y[i + 16] = d * mxfp4Values[Int(q >> 4)]
  }
}
