import Core

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file's bytes, mapped into memory read-only for as long as the value lives.
final class MappedFile: Sendable {
  let path: String
  let count: Int
  private let descriptor: Int32
  /// The mapping's address; a number, because a raw pointer isn't Sendable while a read-only mapping is.
  private let address: UInt

  init(path: String) throws {
    // A folder, a pipe or a device has no length to check anything against.
    let (descriptor, status) = try BoundedFile.open(path, what: "the file")
    let count = status.size
    var address: UInt = 0
    if count > 0 {
      let mapping = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0)
      guard mapping != MAP_FAILED, let mapping else {
        defer { close(descriptor) }
        throw BoundedFile.unreadable(path, what: "the file", errno)
      }
      address = UInt(bitPattern: mapping)
    }
    self.path = path
    self.count = count
    self.descriptor = descriptor
    self.address = address
  }

  deinit {
    if let mapping = UnsafeMutableRawPointer(bitPattern: address) { munmap(mapping, count) }
    close(descriptor)
  }

  /// Calls `body` with the bytes of `range`.
  /// - Throws: `SluiceError` where the range is outside the file, or where the file was shortened since it was opened:
  ///   touching a page behind the end would kill the process.
  func withBytes<Result>(_ range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
    guard range.lowerBound >= 0, range.upperBound <= count else {
      throw SluiceError.badInput("bytes \(range) are outside the file's \(count)", file: path)
    }
    guard let status = FileStatus(descriptor: descriptor), status.size >= range.upperBound else {
      throw SluiceError.badInput(
        "the file was shortened while it was read", file: path, remedy: "Write checkpoints to a new name and rename.")
    }
    return try withExtendedLifetime(self) {
      let bytes = UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: address), count: count)
      return try body(UnsafeRawBufferPointer(rebasing: bytes[range]))
    }
  }

  /// Says that the bytes of `range` won't be read again soon, so that they needn't stay in memory beside what was made of them.
  func release(_ range: Range<Int>) {
    #if canImport(Glibc)
      let page = UInt(sysconf(Int32(_SC_PAGESIZE)))
      // Pages that the range shares with its neighbours stay.
      let first = (address + UInt(range.lowerBound) + page - 1) / page * page
      let last = (address + UInt(min(range.upperBound, count))) / page * page
      if first < last { _ = madvise(UnsafeMutableRawPointer(bitPattern: first), Int(last - first), MADV_DONTNEED) }
    #endif
  }
}
