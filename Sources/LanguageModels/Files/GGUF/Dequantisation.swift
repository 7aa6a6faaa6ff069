import Tensors

/// Blocks of quantised weights, as ggml defines them (`ggml-quants.c`, `dequantize_row_*`): their parts, which products read,
/// and their values, which follow from the parts.
extension GGUFTensorType {
  /// How a matrix of this type is kept.
  var storedFormat: StoredFormat {
    if let blocks { return StoredFormat(blocks) }
    return self == .f16 ? .half : self == .bf16 ? .brain : .float32
  }

  /// The parts of a block; nil for types of numbers, and for one that only intermediate results have.
  var blocks: StoredFormat.Blocks? {
    func blocks(_ elements: Int, _ group: Int, _ bits: Int, zero: Int = 0) -> StoredFormat.Blocks {
      var blocks = StoredFormat.Blocks(elements: elements, group: group, bits: bits)
      blocks.zero = zero
      blocks.hasFactors = elements > group
      return blocks
    }
    func withOffset(_ blocks: StoredFormat.Blocks) -> StoredFormat.Blocks {
      var blocks = blocks
      blocks.hasOffset = true
      return blocks
    }
    func withTable(_ blocks: StoredFormat.Blocks, _ table: [Int8]) -> StoredFormat.Blocks {
      var blocks = blocks
      blocks.table = table
      return blocks
    }
    switch self {
    case .f32, .f16, .bf16, .q8K: return nil
    case .q40: return blocks(32, 32, 4, zero: 8)
    case .q41: return withOffset(blocks(32, 32, 4))
    case .q50: return blocks(32, 32, 5, zero: 16)
    case .q51: return withOffset(blocks(32, 32, 5))
    case .q80: return blocks(32, 32, 8)
    case .q2K: return withOffset(blocks(256, 16, 2))
    case .q3K: return blocks(256, 16, 3, zero: 4)
    case .q4K: return withOffset(blocks(256, 32, 4))
    case .q5K: return withOffset(blocks(256, 32, 5))
    case .q6K: return blocks(256, 16, 6, zero: 32)
    case .iq4NL: return withTable(blocks(32, 32, 4), iq4Values)
    case .iq4XS: return withTable(blocks(256, 32, 4), iq4Values)
    case .mxfp4:
      var format = withTable(blocks(32, 32, 4), mxfp4Values)
      format.hasBrainScale = true
      return format
    }
  }

  /// Takes a block apart.
  ///
  /// - Parameters:
  ///   - x: the block; of a type that has parts.
  ///   - parts: gets its codes, scales and factors.
  func split(_ x: UnsafeRawPointer, into parts: inout StoredBlock) {
    switch self {
    case .f32, .f16, .bf16, .q8K: break
    case .q40, .iq4NL:
      parts.scale = word(x, 0)
      nibbles(x + 2, parts.codes)
    case .q41:
      (parts.scale, parts.offset) = (word(x, 0), word(x, 2))
      nibbles(x + 4, parts.codes)
    case .q50:
      parts.scale = word(x, 0)
      nibbles(x + 6, parts.codes)
      fifthBits(x + 2, parts.codes)
    case .q51:
      (parts.scale, parts.offset) = (word(x, 0), word(x, 2))
      nibbles(x + 8, parts.codes)
      fifthBits(x + 4, parts.codes)
    case .q80:
      parts.scale = word(x, 0)
      for i in 0..<32 { parts.codes[i] = byte(x, 2 + i) }
    case .q2K: splitQ2K(x, &parts)
    case .q3K: splitQ3K(x, &parts)
    case .q4K, .q5K: splitQ45K(x, hasFifth: self == .q5K, &parts)
    case .q6K: splitQ6K(x, &parts)
    case .iq4XS: splitIQ4XS(x, &parts)
    case .mxfp4:
      // Half of 2^(e − 127), since the values are doubled; below the normal numbers, bits of a subnormal one.
      let e = UInt16(byte(x, 0))
      parts.scale = e < 2 ? 0x0020 << e : (e - 1) << 7
      nibbles(x + 1, parts.codes)
    }
  }

  /// - Parameters:
  ///   - bytes: whole blocks.
  ///   - values: as many elements as the blocks hold.
  func dequantise(_ bytes: UnsafeRawBufferPointer, to values: UnsafeMutableBufferPointer<Float>) {
    guard let source = bytes.baseAddress, let target = values.baseAddress else { return }
    guard let blocks else {
      for index in 0..<values.count / elements {
        let (x, y) = (source + index * self.bytes, target + index * elements)
        switch self {
        case .f16: y[0] = HalfPrecision.float(half: word(x, 0))
        case .bf16: y[0] = HalfPrecision.float(brain: word(x, 0))
        case .q8K:
          // A float32 scale, 256 signed bytes, and sums that only products need.
          let scale = Float(bitPattern: UInt32(littleEndian: x.loadUnaligned(as: UInt32.self)))
          for i in 0..<256 { y[i] = scale * Float(Int8(bitPattern: byte(x, 4 + i))) }
        default: y[0] = Float(bitPattern: UInt32(littleEndian: x.loadUnaligned(as: UInt32.self)))
        }
      }
      return
    }
    let levels = blocks.levels
    let groups = blocks.elements / blocks.group
    withUnsafeTemporaryAllocation(byteCount: blocks.elements + 2 * groups, alignment: 16) { scratch in
      guard let codes = scratch.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
      let factors = UnsafeMutableRawPointer(codes + blocks.elements).assumingMemoryBound(to: Int8.self)
      factors.update(repeating: 1, count: 2 * groups)
      var parts = StoredBlock(codes: codes, factors: factors, offsetFactors: factors + groups)
      for index in 0..<values.count / elements {
        split(source + index * self.bytes, into: &parts)
        let scale =
          blocks.hasBrainScale ? HalfPrecision.float(brain: parts.scale) : HalfPrecision.float(half: parts.scale)
        let offset = HalfPrecision.float(half: parts.offset)
        for group in 0..<groups {
          let y = target + index * elements + group * blocks.group
          let d = scale * Float(factors[group])
          let m = blocks.hasOffset ? offset * Float(factors[groups + group]) : 0
          for i in 0..<blocks.group { y[i] = d * levels[Int(codes[group * blocks.group + i])] + m }
        }
      }
    }
  }
}

extension GGUFTensorType {
  /// Whether numbers of this type, float32 or of 16 bits, are all finite.
  func isFinite(_ x: UnsafeRawPointer, count: Int) -> Bool {
    switch self {
    case .f16: HalfPrecision.areFinite(x, count: count, exponent: HalfPrecision.halfExponent)
    case .bf16: HalfPrecision.areFinite(x, count: count, exponent: HalfPrecision.brainExponent)
    default: HalfPrecision.areFinite(floats: x, count: count)
    }
  }
}

extension StoredFormat.Blocks {
  /// Whether no weight of a block can be infinite. (Scales of powers of two may be so large that it depends on the code.)
  func isFinite(_ parts: StoredBlock) -> Bool {
    let mask = hasBrainScale ? HalfPrecision.brainExponent : HalfPrecision.halfExponent
    let largest = hasBrainScale ? mask - 0x0400 : mask
    return parts.scale & mask < largest
      && (!hasOffset || parts.offset & HalfPrecision.halfExponent < HalfPrecision.halfExponent)
  }

  /// By code.
  fileprivate var levels: [Float] {
    if let table { return table.map { Float($0) } }
    return (0..<1 << bits).map { bits == 8 ? Float(Int8(truncatingIfNeeded: $0)) : Float($0 - zero) }
  }
}

/// The values of the two types with non-linear steps.
private let iq4Values: [Int8] = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113]

/// Twice the values of E2M1 (OCP Microscaling Formats 1.0), as ggml keeps them.
private let mxfp4Values: [Int8] = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12]

@inline(__always)
private func byte(_ x: UnsafeRawPointer, _ offset: Int) -> UInt8 { x.load(fromByteOffset: offset, as: UInt8.self) }

@inline(__always)
private func word(_ x: UnsafeRawPointer, _ offset: Int) -> UInt16 {
  UInt16(littleEndian: x.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
}

/// 16 bytes of two 4-bit values: the low halves first.
@inline(__always)
private func nibbles(_ x: UnsafeRawPointer, _ codes: UnsafeMutablePointer<UInt8>) {
  for i in 0..<16 {
    let q = byte(x, i)
    codes[i] = q & 15
    codes[i + 16] = q >> 4
  }
}

/// 32 fifth bits.
@inline(__always)
private func fifthBits(_ x: UnsafeRawPointer, _ codes: UnsafeMutablePointer<UInt8>) {
  let bits = UInt32(littleEndian: x.loadUnaligned(as: UInt32.self))
  for i in 0..<32 { codes[i] |= UInt8(bits >> UInt32(i) & 1) << 4 }
}

/// The bits of a half-precision number's negative.
@inline(__always)
private func negated(_ half: UInt16) -> UInt16 { half ^ 0x8000 }

/// 16 bytes of 4-bit scales and minima, 64 bytes of four 2-bit values, scale, scale of minima.
private func splitQ2K(_ x: UnsafeRawPointer, _ parts: inout StoredBlock) {
  (parts.scale, parts.offset) = (word(x, 80), negated(word(x, 82)))
  for index in 0..<16 {
    // Eight groups of 16 a half: the shift grows every second one.
    let (part, group) = (index / 8, index % 8)
    let packed = byte(x, index)
    parts.factors[index] = Int8(packed & 15)
    parts.offsetFactors[index] = Int8(packed >> 4)
    for i in 0..<16 {
      parts.codes[16 * index + i] = byte(x, 16 + 32 * part + 16 * (group & 1) + i) >> UInt8(2 * (group / 2)) & 3
    }
  }
}

/// 32 bytes of third bits, 64 bytes of four 2-bit values, 12 bytes of sixteen 6-bit scales, scale.
private func splitQ3K(_ x: UnsafeRawPointer, _ parts: inout StoredBlock) {
  parts.scale = word(x, 108)
  for index in 0..<16 {
    let low = index < 8 ? byte(x, 96 + index) & 15 : byte(x, 96 + index - 8) >> 4
    let high = byte(x, 104 + index % 4) >> UInt8(2 * (index / 4)) & 3
    parts.factors[index] = Int8(low | high << 4) - 32
    let (part, group) = (index / 8, index % 8)
    for i in 0..<16 {
      let place = 16 * (group & 1) + i
      let q = byte(x, 32 + 32 * part + place) >> UInt8(2 * (group / 2)) & 3
      let third = byte(x, place) >> UInt8(4 * part + group / 2) & 1
      parts.codes[16 * index + i] = q | third << 2
    }
  }
}

/// scale, scale of minima, packed sub-scales, 32 bytes of fifth bits where there are any, 128 bytes of two 4-bit values.
private func splitQ45K(_ x: UnsafeRawPointer, hasFifth: Bool, _ parts: inout StoredBlock) {
  (parts.scale, parts.offset) = (word(x, 0), negated(word(x, 2)))
  // 6-bit scales and minima of eight groups in 12 bytes.
  for group in 0..<8 {
    let (scale, minimum) =
      group < 4
      ? (byte(x, 4 + group) & 63, byte(x, 8 + group) & 63)
      : (
        byte(x, 8 + group) & 15 | (byte(x, group) >> 6) << 4, byte(x, 8 + group) >> 4 | (byte(x, 4 + group) >> 6) << 4
      )
    (parts.factors[group], parts.offsetFactors[group]) = (Int8(scale), Int8(minimum))
  }
  let values = x + (hasFifth ? 48 : 16)
  for pair in 0..<4 {
    for i in 0..<32 {
      let q = byte(values, 32 * pair + i)
      let fifth = hasFifth ? byte(x, 16 + i) >> UInt8(2 * pair) : 0
      parts.codes[64 * pair + i] = q & 15 | (fifth & 1) << 4
      parts.codes[64 * pair + 32 + i] = q >> 4 | (fifth >> 1 & 1) << 4
    }
  }
}

/// 128 bytes of low 4 bits, 64 of high 2 bits, 16 signed sub-scales, scale.
private func splitQ6K(_ x: UnsafeRawPointer, _ parts: inout StoredBlock) {
  parts.scale = word(x, 208)
  for group in 0..<16 { parts.factors[group] = Int8(bitPattern: byte(x, 192 + group)) }
  for part in 0..<2 {
    let (low, high, codes) = (x + 64 * part, x + 128 + 32 * part, parts.codes + 128 * part)
    for i in 0..<32 {
      let bits = byte(high, i)
      codes[i] = byte(low, i) & 15 | (bits & 3) << 4
      codes[i + 32] = byte(low, i + 32) & 15 | (bits >> 2 & 3) << 4
      codes[i + 64] = byte(low, i) >> 4 | (bits >> 4 & 3) << 4
      codes[i + 96] = byte(low, i + 32) >> 4 | (bits >> 6) << 4
    }
  }
}

/// scale, 16 high bits and 4 bytes of low bits of eight 6-bit scales, then eight times 16 bytes of two 4-bit indices.
private func splitIQ4XS(_ x: UnsafeRawPointer, _ parts: inout StoredBlock) {
  parts.scale = word(x, 0)
  let high = word(x, 2)
  for group in 0..<8 {
    let low = byte(x, 4 + group / 2) >> UInt8(4 * (group & 1)) & 15
    parts.factors[group] = Int8(low) | Int8(high >> UInt16(2 * group) & 3) << 4
    parts.factors[group] -= 32
    nibbles(x + 8 + 16 * group, parts.codes + 32 * group)
  }
}
