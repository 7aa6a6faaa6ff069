import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Memory for what a pass computes: a megabyte or more of floats that live for one batch.
///
/// Given back to the system after each batch and fetched again for the next, such buffers cost more than what is computed
/// in them where a page fault is dear, as in a virtual machine: a tenth of an update, and of the caches. So their memory
/// is kept for the next one that is about as large, in large pages. Shared by threads as an array would be: its maker fills it
/// before others read it.
public final class FloatMemory: Sendable {
  /// Floats that can be used.
  public let count: Int
  private let address: UInt
  private let bytes: Int

  /// `count` floats, uninitialised, aligned to a cache line.
  public init(_ count: Int) {
    self.count = count
    (address, bytes) = MemoryPool.take(MemoryPool.size(bytes: count * MemoryLayout<Float>.stride))
  }

  /// `count` floats, filled by `fill`.
  /// - Throws: what `fill` throws.
  public convenience init(_ count: Int, fill: (UnsafeMutableBufferPointer<Float>) throws -> Void) rethrows {
    self.init(count)
    try fill(UnsafeMutableBufferPointer(start: UnsafeMutablePointer(bitPattern: address), count: count))
  }

  deinit { MemoryPool.give(address, bytes) }

  /// Valid for as long as the memory is referred to.
  @inline(__always)
  public var base: UnsafeMutablePointer<Float> {
    // An allocation's address is never 0.
    UnsafeMutablePointer(bitPattern: address).unsafelyUnwrapped
  }

  /// Calls `body` with the floats.
  /// - Throws: what `body` throws.
  public func withUnsafeBufferPointer<Result>(
    _ body: (UnsafeBufferPointer<Float>) throws -> Result
  ) rethrows -> Result {
    try withExtendedLifetime(self) { try body(UnsafeBufferPointer(start: base, count: count)) }
  }

  /// Calls `body` with the floats to be changed, which no other thread may read meanwhile.
  /// - Throws: what `body` throws.
  public func withUnsafeMutableBufferPointer<Result>(
    _ body: (UnsafeMutableBufferPointer<Float>) throws -> Result
  ) rethrows -> Result {
    try withExtendedLifetime(self) { try body(UnsafeMutableBufferPointer(start: base, count: count)) }
  }

  /// One float.
  public subscript(index: Int) -> Float { withUnsafeBufferPointer { $0[index] } }
}

/// Blocks of memory that nobody uses at the moment, by size.
private enum MemoryPool {
  private struct Idle {
    var blocks: [Int: [UInt]] = [:]
    var bytes = 0
    /// By size, when one was last taken or given, in turns.
    var used: [Int: Int] = [:]
    var turn = 0

    mutating func use(_ size: Int) {
      turn += 1
      used[size] = turn
    }

    /// Takes out the smallest block that holds `size` and isn't half as large again.
    mutating func take(_ size: Int) -> (block: UInt, bytes: Int)? {
      let fitting = blocks.keys.filter { (size...size + size / 2).contains($0) && blocks[$0]?.isEmpty == false }.min()
      use(fitting ?? size)
      guard let fitting, let block = blocks[fitting]?.popLast() else { return nil }
      bytes -= fitting
      return (block, fitting)
    }

    /// Takes out a block of the size that has been idle for longest; nil where that is `size` itself.
    mutating func forget(before size: Int) -> (block: UInt, bytes: Int)? {
      let oldest = blocks.keys.filter { $0 != size && blocks[$0]?.isEmpty == false }
        .min { (used[$0] ?? 0, $0) < (used[$1] ?? 0, $1) }
      guard let oldest, let block = blocks[oldest]?.popLast() else { return nil }
      bytes -= oldest
      return (block, oldest)
    }
  }

  private static let page = 1 << 21
  /// More than this is given back to the system: what gradients keep of a step's forward passes (`Likelihood.mostKept`) stays.
  private static let most = 576 << 20
  private static let idle = Mutex(Idle())

  /// Less than this isn't worth a large page: it comes from the heap, and goes back there.
  private static let least = 1 << 20

  /// Rounded up to large pages, and to eight sizes a doubling, so that batches of nearly equal size share theirs.
  static func size(bytes: Int) -> Int {
    if bytes < least { return max(64, bytes) }
    let pages = (bytes + page - 1) / page
    let step = max(1, 1 << (Int.bitWidth - pages.leadingZeroBitCount - 4))
    return (pages + step - 1) / step * step * page
  }

  /// A block of `bytes` or more, and its size.
  static func take(_ bytes: Int) -> (block: UInt, bytes: Int) {
    guard bytes >= least else {
      var block: UnsafeMutableRawPointer?
      guard posix_memalign(&block, 64, bytes) == 0, let block else { endWithoutMemory(bytes) }
      return (UInt(bitPattern: block), bytes)
    }
    if let known = idle.withLock({ $0.take(bytes) }) { return known }
    let block = map(bytes)
    useLargePages(block.assumingMemoryBound(to: Float.self), count: bytes / MemoryLayout<Float>.stride)
    return (UInt(bitPattern: block), bytes)
  }

  /// Asks the system itself: a heap would keep what is given back, in pieces between others.
  private static func map(_ bytes: Int) -> UnsafeMutableRawPointer {
    guard let whole = mmap(nil, bytes + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      whole != MAP_FAILED
    else { endWithoutMemory(bytes) }
    // Begins at a large page; what is before it and behind it goes back.
    let before = (page - Int(bitPattern: whole) % page) % page
    if before > 0 { munmap(whole, before) }
    munmap(whole + before + bytes, page - before)
    return whole + before
  }

  private static func release(_ block: UInt, _ bytes: Int) {
    guard let address = UnsafeMutableRawPointer(bitPattern: block) else { return }
    if bytes < least { free(address) } else { munmap(address, bytes) }
  }

  /// Nothing in this process can go on without its memory, but the ledger holds every response: so it ends in words, with the
  /// code of an internal error. (An optimised build's traps say nothing.)
  private static func endWithoutMemory(_ bytes: Int) -> Never {
    let text =
      "sluice: error: no memory for a buffer of \(bytes >> 20) MB\n"
      + "  Lower attacker.batch, attacker.screen_pool or max_tokens, or use a larger machine; --resume loses nothing.\n"
    text.utf8CString.withUnsafeBytes { _ = write(2, $0.baseAddress, $0.count - 1) }
    // No handlers: other threads may still be computing.
    _exit(70)
  }

  static func give(_ block: UInt, _ bytes: Int) {
    let freed = idle.withLock { idle -> [(block: UInt, bytes: Int)] in
      guard bytes >= least, bytes <= most else { return [(block, bytes)] }
      idle.use(bytes)
      var freed: [(block: UInt, bytes: Int)] = []
      // What has been idle for longest makes room: another model's sizes, for instance.
      while idle.bytes + bytes > most {
        guard let old = idle.forget(before: bytes) else { return freed + [(block, bytes)] }
        freed.append(old)
      }
      idle.blocks[bytes, default: []].append(block)
      idle.bytes += bytes
      return freed
    }
    for old in freed { release(old.block, old.bytes) }
  }
}
