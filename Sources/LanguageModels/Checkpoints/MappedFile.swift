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
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw MappedFile.unreadable(path) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      close(descriptor)
      throw MappedFile.unreadable(path)
    }
    // A folder, a pipe or a device has no length to check anything against.
    guard status.st_mode & S_IFMT == S_IFREG, let count = Int(exactly: status.st_size) else {
      close(descriptor)
      throw SluiceError.badInput("not a regular file", file: path)
    }
    var address: UInt = 0
    if count > 0 {
      let mapping = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0)
      guard mapping != MAP_FAILED, let mapping else {
        close(descriptor)
        throw MappedFile.unreadable(path)
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
    var status = stat()
    guard fstat(descriptor, &status) == 0, Int(status.st_size) >= range.upperBound else {
      throw SluiceError.badInput(
        "the file was shortened while it was read", file: path, remedy: "Write checkpoints to a new name and rename.")
    }
    return try withExtendedLifetime(self) {
      let bytes = UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: address), count: count)
      return try body(UnsafeRawBufferPointer(rebasing: bytes[range]))
    }
  }

  static func unreadable(_ path: String) -> SluiceError {
    SluiceError.badInput(
      "can't read the file: \(String(cString: strerror(errno)))", file: path,
      remedy: "Check the path and its permissions.")
  }
}

/// Reads a whole small file.
/// - Throws: `SluiceError` where it can't be read or is larger than `limit` bytes.
func readFile(_ path: String, limit: Int) throws -> [UInt8] {
  let file = try MappedFile(path: path)
  guard file.count <= limit else {
    throw SluiceError.badInput("\(file.count) bytes, and at most \(limit) make sense here", file: path)
  }
  return try file.withBytes(0..<file.count) { Array($0) }
}
