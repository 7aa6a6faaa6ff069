import Core
import Foundation

/// What one life of the process hands to the next: memory that held texts is given back by running the program anew in
/// the same process, since nothing less clears what strings, the database and the network left in it.
struct ReviewRenewal: Codable, Sendable {
  /// Told from what another process left in the environment.
  var process: Int32
  var run: String
  /// 0 for any that is free.
  var port: UInt16
  /// Empty before anybody was let in.
  var passes: [RequestGuard.Pass]

  private static let variable = "SLUICE_REVIEW_RENEWAL"

  /// Bytes that a pipe takes without a reader.
  private static let most = 60_000

  /// What the life before handed over; nil in the first one.
  static func received() -> ReviewRenewal? {
    guard let text = getenv(variable).map({ String(cString: $0) }), let descriptor = Int32(text) else { return nil }
    unsetenv(variable)
    // Another process's variable may name anything, which must be neither read nor closed.
    var status = stat()
    guard descriptor > 2, fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFIFO,
      fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0
    else { return nil }
    let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
    guard let bytes = try? file.read(upToCount: most),
      let renewal = try? JSONDecoder().decode(ReviewRenewal.self, from: bytes), renewal.process == getpid()
    else { return nil }
    close(descriptor)
    return renewal
  }

  /// This program's file: by its own path, from which a process takes its name, while that is still the same file.
  private static var program: String {
    let link = "/proc/self/exe"
    var (own, named) = (stat(), stat())
    guard let path = try? FileManager.default.destinationOfSymbolicLink(atPath: link), stat(link, &own) == 0,
      stat(path, &named) == 0, own.st_dev == named.st_dev, own.st_ino == named.st_ino
    else { return link }
    return path
  }

  /// Runs the program anew with the same arguments.
  /// - Parameter signals: those that this life listens for, which the next one would take for ignored.
  /// - Returns: only where that can't be done: what was in the memory then stays there.
  func perform(listening signals: [Int32]) {
    var ends: [Int32] = [-1, -1]
    guard let bytes = try? JSONEncoder().encode(self), bytes.count <= Self.most, pipe(&ends) == 0 else { return }
    defer { for end in ends { close(end) } }
    guard (try? FileHandle(fileDescriptor: ends[1], closeOnDealloc: false).write(contentsOf: bytes)) != nil,
      setenv(Self.variable, String(ends[0]), 1) == 0
    else { return }
    defer { unsetenv(Self.variable) }
    // The page's sockets end with this life. What came from the parent stays, such as the descriptor that a lock is held by.
    let open = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
    for other in open.compactMap({ Int32($0) }) where other == ends[1] || isOfPage(other) {
      _ = fcntl(other, F_SETFD, FD_CLOEXEC)
    }
    var arguments = CommandLine.arguments.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    // Both would be inherited: what is ignored, and what this thread lets wait.
    var (none, mask) = (sigset_t(), sigset_t())
    sigemptyset(&none)
    for number in signals { signal(number, SIG_DFL) }
    pthread_sigmask(SIG_SETMASK, &none, &mask)
    execv(Self.program, &arguments)
    pthread_sigmask(SIG_SETMASK, &mask, nil)
    for number in signals { signal(number, SIG_IGN) }
  }

  /// Whether a descriptor is a socket on the page's port.
  private func isOfPage(_ descriptor: Int32) -> Bool {
    var address = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafeMutableBytes(of: &address) { bytes in
      bytes.baseAddress.map { getsockname(descriptor, $0.assumingMemoryBound(to: sockaddr.self), &size) } ?? -1
    }
    return code == 0 && address.sin_family == sa_family_t(AF_INET) && address.sin_port == port.bigEndian
  }
}
