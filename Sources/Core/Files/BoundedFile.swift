#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Reads files that people name: only regular ones, and never more than a bound.
public enum BoundedFile {
  /// The whole content of a file.
  ///
  /// - Parameters:
  ///   - what: how messages call the file, for example `the policy`.
  ///   - limit: bytes.
  ///   - hint: what to do where the file is too large.
  /// - Throws: `SluiceError` (usage).
  public static func read(_ path: String, what: String, limit: Int, hint: String) throws -> [UInt8] {
    let (descriptor, status) = try open(path, what: what)
    defer { close(descriptor) }
    let tooLarge = SluiceError.badInput("\(what) is larger than \(limit) bytes", file: path, remedy: hint)
    // A sparse file claims more than anyone wants to wait for.
    if status.size > limit { throw tooLarge }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(status.size)
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    // Files that grow, and those of /proc, hold more than their size says.
    while bytes.count <= limit {
      let count = Self.read(descriptor, &chunk)
      if count == 0 { return bytes }
      if count < 0 { throw unreadable(path, what: what, errno) }
      bytes += chunk.prefix(count)
    }
    throw tooLarge
  }

  /// The whole content of a text file, without a byte order mark.
  ///
  /// - Throws: `SluiceError` (usage), with the place of the first byte that is no UTF-8.
  public static func text(_ path: String, what: String, limit: Int, hint: String) throws -> String {
    let bytes = try read(path, what: what, limit: limit, hint: hint)
    do {
      return try TextDecoding.text(bytes)
    } catch {
      throw error.explained("\(what) is not UTF-8", file: path)
    }
  }

  /// Opens a regular file for reading and never waits: opening a pipe would, for its writer, and a device could deliver
  /// for ever. The caller closes it.
  ///
  /// - Throws: `SluiceError` (usage).
  public static func open(_ path: String, what: String) throws -> (descriptor: Int32, status: FileStatus) {
    if let problem = PathText.problem(path) { throw problem.explained(what) }
    // Asked before opening, which on some devices is a command.
    guard let named = FileStatus(path, followsLinks: true) else { throw unreadable(path, what: what, errno) }
    try require(named, path, what)
    let descriptor = openFile(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
    guard descriptor >= 0 else { throw unreadable(path, what: what, errno) }
    do {
      guard let status = FileStatus(descriptor: descriptor) else { throw unreadable(path, what: what, errno) }
      try require(status, path, what)
      return (descriptor, status)
    } catch {
      close(descriptor)
      throw error
    }
  }

  /// Bytes read into `chunk`, 0 at the end, or −1 with `errno`.
  public static func read(_ descriptor: Int32, _ chunk: inout [UInt8]) -> Int {
    while true {
      let count = chunk.withUnsafeMutableBytes { readBytes(descriptor, $0.baseAddress, $0.count) }
      if count >= 0 || errno != EINTR { return count }
    }
  }

  private static func require(_ status: FileStatus, _ path: String, _ what: String) throws {
    switch status.kind {
    case .regular: return
    case .folder: throw SluiceError.badInput("\(what) is a folder", file: path, remedy: "Name the file in it.")
    default:
      throw SluiceError.badInput("\(what) is no regular file", file: path, remedy: "Name a file on disk.")
    }
  }

  /// What a failed system call on a file means for the person who named it.
  public static func unreadable(_ path: String, what: String, _ code: Int32) -> SluiceError {
    switch code {
    case ENOENT, ENOTDIR:
      .badInput("\(what) isn't there", file: path, remedy: "Check the path.")
    case EACCES, EPERM:
      .badInput("\(what) can't be read", file: path, remedy: "Check its permissions.")
    default:
      .badInput(
        "\(what) can't be read: \(String(cString: strerror(code)))", file: path, remedy: "Check the path and the disk.")
    }
  }
}

/// UTF-8 bytes as text, with the place of the first byte that is none.
public enum TextDecoding {
  /// Where bytes stop being UTF-8.
  public struct Problem: Error, Hashable {
    /// The line, from 1.
    public let line: Int
    /// The column in bytes, from 1.
    public let column: Int

    /// - Parameter message: what is wrong, without the place.
    public func explained(_ message: String, file: String) -> SluiceError {
      SluiceError(
        .usage, message, at: SourceLocation(file: file, line: line, column: column), remedy: "Save it as UTF-8 text.")
    }
  }

  /// Without a byte order mark, where there is one.
  public static func text(_ bytes: some Sequence<UInt8>) throws(Problem) -> String {
    let bytes = Array(bytes)
    if let text = String(validating: bytes, as: UTF8.self) {
      return text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
    }
    var (line, column) = (1, 1)
    var decoder = UTF8()
    var iterator = bytes.makeIterator()
    while case .scalarValue(let scalar) = decoder.decode(&iterator) {
      if scalar == "\n" { (line, column) = (line + 1, 1) } else { column += 1 }
    }
    throw Problem(line: line, column: column)
  }
}

/// `BoundedFile`'s own functions hide the system calls of the same names.
private func openFile(_ path: String, _ flags: Int32) -> Int32 { open(path, flags) }
private func readBytes(_ descriptor: Int32, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
  read(descriptor, bytes, count)
}
