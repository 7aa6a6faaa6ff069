import CProcessor

extension StoredFormat.Blocks {
  /// Puts the scales and factors of one output among sixteen where its block has them.
  func put(
    _ parts: StoredBlock, _ kernel: sluice_stored_format, lane: Int,
    into place: UnsafeMutableRawPointer
  ) {
    place.storeBytes(of: parts.scale, toByteOffset: 2 * lane, as: UInt16.self)
    if hasOffset { place.storeBytes(of: parts.offset, toByteOffset: 32 + 2 * lane, as: UInt16.self) }
    guard hasFactors else { return }
    for group in 0..<groups {
      place.storeBytes(
        of: parts.factors[group], toByteOffset: Int(kernel.factors_at) + 16 * group + lane, as: Int8.self)
      guard hasOffset else { continue }
      place.storeBytes(
        of: parts.offsetFactors[group], toByteOffset: Int(kernel.offset_factors_at) + 16 * group + lane, as: Int8.self)
    }
  }

  /// Bits `first`... of sixteen outputs' codes [16,elements], those of successive inputs beside one another in a byte.
  func pack(
    _ codes: UnsafeMutableRawPointer, bits: Int, from first: Int, into place: UnsafeMutableRawPointer
  ) {
    let codes = codes.assumingMemoryBound(to: UInt8.self)
    let target = place.assumingMemoryBound(to: UInt8.self)
    let (each, mask) = (8 / bits, UInt8(truncatingIfNeeded: 1 << bits - 1))
    for index in 0..<elements / each {
      for lane in 0..<16 {
        var byte: UInt8 = 0
        for step in 0..<each {
          byte |= (codes[lane * elements + each * index + step] &>> UInt8(first) & mask) &<< UInt8(step * bits)
        }
        target[16 * index + lane] = byte
      }
    }
  }
}
