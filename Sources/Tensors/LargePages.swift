#if canImport(Glibc)
  import Glibc
#endif

extension [Float] {
  /// `count` floats in large pages, which `fill` sets.
  ///
  /// What is read over and over by product after product, weights above all: with pages of 4 KB a product of GPT-2 small's
  /// sizes spends up to half of its time on looking addresses up (in a virtual machine, where a look-up takes two walks).
  ///
  /// - Throws: what `fill` throws.
  public init(inLargePages count: Int, fill: (UnsafeMutableBufferPointer<Float>) throws -> Void) rethrows {
    try self.init(unsafeUninitializedCapacity: count) { buffer, initialised in
      if let base = buffer.baseAddress { useLargePages(base, count: count) }
      try fill(UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
      initialised = count
    }
  }
}

/// Asks for large pages behind a buffer that nothing has touched yet: one page fault for 2 MB instead of 512.
///
/// A hint for buffers of many megabytes that are made anew for each batch; without large pages nothing changes.
public func useLargePages(_ buffer: UnsafeMutablePointer<Float>, count: Int) {
  #if canImport(Glibc)
    let (page, bytes) = (1 << 21, count * MemoryLayout<Float>.stride)
    if bytes < page { return }
    let start = UInt(bitPattern: buffer)
    let first = (start + UInt(page) - 1) / UInt(page) * UInt(page)
    let last = (start + UInt(bytes)) / UInt(page) * UInt(page)
    if first < last { _ = madvise(UnsafeMutableRawPointer(bitPattern: first), Int(last - first), MADV_HUGEPAGE) }
  #endif
}
