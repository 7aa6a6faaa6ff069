/// Blocks of quantised weights to float32, as ggml defines them (`ggml-quants.c`, `dequantize_row_*`).
extension GGUFTensorType {
  /// - Parameters:
  ///   - bytes: whole blocks.
  ///   - values: as many elements as the blocks hold.
  func dequantise(_ bytes: UnsafeRawBufferPointer, to values: UnsafeMutableBufferPointer<Float>) {
    guard let source = bytes.baseAddress, let target = values.baseAddress else { return }
    for block in 0..<values.count / elements {
      let x = source + block * self.bytes
      let y = target + block * elements
      switch self {
      case .f32: y[0] = Float(bitPattern: UInt32(littleEndian: x.loadUnaligned(as: UInt32.self)))
      case .f16: y[0] = half(x)
      case .bf16: y[0] = HalfPrecision.float(brain: UInt16(littleEndian: x.loadUnaligned(as: UInt16.self)))
      case .q40: q40Block(x, y)
      case .q41: q41Block(x, y)
      case .q51: q51Block(x, y)
      case .q2K: q2KBlock(x, y)
      case .q3K: q3KBlock(x, y)
      case .q8K: q8KBlock(x, y)
      case .iq4NL: iq4NLBlock(x, y)
      case .iq4XS: iq4XSBlock(x, y)
      case .mxfp4: mxfp4Block(x, y)
      case .q50: q50Block(x, y)
      case .q80: q80Block(x, y)
      case .q4K: q4KBlock(x, y)
      case .q5K: q5KBlock(x, y)
      case .q6K: q6KBlock(x, y)
      }
    }
  }
}

@inline(__always)
func half(_ x: UnsafeRawPointer) -> Float {
  HalfPrecision.float(half: UInt16(littleEndian: x.loadUnaligned(as: UInt16.self)))
}

@inline(__always)
func byte(_ x: UnsafeRawPointer, _ offset: Int) -> UInt8 { x.load(fromByteOffset: offset, as: UInt8.self) }

/// scale, then 16 bytes of two 4-bit values: the low halves first.
private func q40Block(_ x: UnsafeRawPointer, _ y: UnsafeMutablePointer<Float>) {
  let d = half(x)
  for i in 0..<16 {
    let q = byte(x, 2 + i)
    y[i] = d * Float(Int(q & 15) - 8)
    y[i + 16] = d * Float(Int(q >> 4) - 8)
  }
}

/// scale, the 32 fifth bits, then as above.
private func q50Block(_ x: UnsafeRawPointer, _ y: UnsafeMutablePointer<Float>) {
  let d = half(x)
  let high = UInt32(littleEndian: x.loadUnaligned(fromByteOffset: 2, as: UInt32.self))
  for i in 0..<16 {
    let q = byte(x, 6 + i)
    y[i] = d * Float(Int(q & 15 | UInt8(high >> UInt32(i) & 1) << 4) - 16)
    y[i + 16] = d * Float(Int(q >> 4 | UInt8(high >> UInt32(i + 16) & 1) << 4) - 16)
  }
}

/// scale, 32 signed bytes.
private func q80Block(_ x: UnsafeRawPointer, _ y: UnsafeMutablePointer<Float>) {
  let d = half(x)
  for i in 0..<32 { y[i] = d * Float(x.load(fromByteOffset: 2 + i, as: Int8.self)) }
}

/// The 6-bit scale and minimum of sub-block `j` of eight, packed into 12 bytes.
@inline(__always)
private func scaleAndMinimum(_ packed: UnsafeRawPointer, _ j: Int) -> (scale: Float, minimum: Float) {
  if j < 4 { return (Float(byte(packed, j) & 63), Float(byte(packed, j + 4) & 63)) }
  let low = byte(packed, j + 4)
  return (
    Float(low & 15 | (byte(packed, j - 4) >> 6) << 4), Float(low >> 4 | (byte(packed, j) >> 6) << 4)
  )
}

/// scale, scale of minima, packed sub-scales, 128 bytes of two 4-bit values.
private func q4KBlock(_ x: UnsafeRawPointer, _ y: UnsafeMutablePointer<Float>) {
  let (d, dMinimum) = (half(x), half(x + 2))
  for pair in 0..<4 {
    let (low, high) = (scaleAndMinimum(x + 4, 2 * pair), scaleAndMinimum(x + 4, 2 * pair + 1))
    let (d1, m1, d2, m2) = (d * low.scale, dMinimum * low.minimum, d * high.scale, dMinimum * high.minimum)
    for i in 0..<32 {
      let q = byte(x, 16 + 32 * pair + i)
      y[64 * pair + i] = d1 * Float(q & 15) - m1
      y[64 * pair + 32 + i] = d2 * Float(q >> 4) - m2
    }
  }
}

/// As above, with 32 bytes of fifth bits before the values.
private func q5KBlock(_ x: UnsafeRawPointer, _ y: UnsafeMutablePointer<Float>) {
  let (d, dMinimum) = (half(x), half(x + 2))
  for pair in 0..<4 {
    let (low, high) = (scaleAndMinimum(x + 4, 2 * pair), scaleAndMinimum(x + 4, 2 * pair + 1))
    let (d1, m1, d2, m2) = (d * low.scale, dMinimum * low.minimum, d * high.scale, dMinimum * high.minimum)
    for i in 0..<32 {
      let q = byte(x, 48 + 32 * pair + i)
      let fifth = byte(x, 16 + i) >> UInt8(2 * pair)
      y[64 * pair + i] = d1 * Float(q & 15 | (fifth & 1) << 4) - m1
      y[64 * pair + 32 + i] = d2 * Float(q >> 4 | (fifth >> 1 & 1) << 4) - m2
    }
  }
}

/// 128 bytes of low 4 bits, 64 of high 2 bits, 16 signed sub-scales, scale.
private func q6KBlock(_ x: UnsafeRawPointer, _ y: UnsafeMutablePointer<Float>) {
  let d = half(x + 208)
  for part in 0..<2 {
    let (low, high, scales, out) = (x + 64 * part, x + 128 + 32 * part, x + 192 + 8 * part, y + 128 * part)
    for i in 0..<32 {
      let bits = byte(high, i)
      let values = (
        byte(low, i) & 15 | (bits & 3) << 4, byte(low, i + 32) & 15 | (bits >> 2 & 3) << 4,
        byte(low, i) >> 4 | (bits >> 4 & 3) << 4, byte(low, i + 32) >> 4 | (bits >> 6) << 4
      )
      func scale(_ quarter: Int) -> Float {
        d * Float(scales.load(fromByteOffset: i / 16 + 2 * quarter, as: Int8.self))
      }
      out[i] = scale(0) * Float(Int(values.0) - 32)
      out[i + 32] = scale(1) * Float(Int(values.1) - 32)
      out[i + 64] = scale(2) * Float(Int(values.2) - 32)
      out[i + 96] = scale(3) * Float(Int(values.3) - 32)
    }
  }
}
