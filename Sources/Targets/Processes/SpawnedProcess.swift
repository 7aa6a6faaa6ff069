import Core
import Foundation

/// `posix_spawn` with what programs need and Foundation's `Process` can't give: a process group of its own.
public enum SpawnedProcess {
  /// What becomes of the three standard streams.
  public struct Streams {
    let input: Int32
    let output: Int32
    let error: Int32

    public init(input: Int32, output: Int32, error: Int32) {
      self.input = input
      self.output = output
      self.error = error
    }
  }

  /// Starts a program. It inherits no other descriptor, no blocked or ignored signal (Sluice ignores those that it waits
  /// for, and a program that inherited that couldn't be asked to end).
  /// - Parameters:
  ///   - what: the program's part, for messages.
  ///   - group: the process group to join; 0 for a new one that bears the process's number.
  /// - Throws: `SluiceError` (usage) when the system can't start it.
  public static func start(
    _ executable: String, _ arguments: [String], what: String, environment: [String: String], streams: Streams,
    group: pid_t
  ) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    // Copied above 2 first: where Sluice was started without standard streams, a source may have the number of one, and
    // would be overwritten before its turn.
    let sources = [streams.input, streams.output, streams.error].map { fcntl($0, F_DUPFD_CLOEXEC, 3) }
    defer { for source in sources where source >= 0 { close(source) } }
    for (number, source) in sources.enumerated() {
      posix_spawn_file_actions_adddup2(&actions, source, Int32(number))
    }
    for descriptor in openDescriptors() where descriptor > 2 {
      posix_spawn_file_actions_addclose(&actions, descriptor)
    }
    var none = sigset_t()
    var all = sigset_t()
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setpgroup(&attributes, group)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

    let variables = environment.map { "\($0.key)=\($0.value)" }
    var process: pid_t = 0
    let code = withCStrings(arguments) { arguments in
      withCStrings(variables) { variables in
        posix_spawn(&process, executable, &actions, &attributes, arguments, variables)
      }
    }
    guard code == 0 else {
      throw SluiceError(
        .usage, "\(what) can't be run: \(executable): \(String(cString: strerror(code)))",
        remedy: code == ENOEXEC
          ? "A script needs a first line such as '#!/bin/sh'." : "Check that it is a program for this machine.")
    }
    return process
  }

  /// Whether it has; leaves the process unreaped.
  public static func hasEnded(_ process: pid_t) -> Bool {
    var information = siginfo_t()
    let code = waitid(P_PID, id_t(process), &information, WEXITED | WNOWAIT | WNOHANG)
    return code == 0 && information.si_signo == SIGCHLD
  }

  /// Ours are closed on exec anyway; this is for those of libraries. Closing one that is gone by then does no harm.
  private static func openDescriptors() -> [Int32] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
    return names.compactMap { Int32($0) }
  }

  private static func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
  ) -> Result {
    var pointers = strings.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    return pointers.withUnsafeMutableBufferPointer { buffer in
      var empty: UnsafeMutablePointer<CChar>?
      return buffer.baseAddress.map(body) ?? body(&empty)
    }
  }
}

/// The reading end of a pipe, read without waiting, and its writing end until the child has it.
public final class OutputPipe {
  /// Descriptor of the reading end; negative once it is closed.
  public private(set) var reading: Int32
  private var writing: Int32

  /// - Parameters:
  ///   - what: who is at the other end, for messages.
  ///   - blocking: whether reading waits.
  /// - Throws: `SluiceError` (usage) when the process has no descriptor left.
  public init(to what: String, blocking: Bool = false) throws {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else {
      throw SluiceError(
        .usage, "can't make a pipe to \(what): \(String(cString: strerror(errno)))",
        remedy: "Raise the limit of open files (ulimit -n).")
    }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    reading = ends[0]
    writing = ends[1]
    if !blocking { _ = fcntl(reading, F_SETFL, O_NONBLOCK) }
  }

  deinit {
    closeReading()
    closeWriting()
  }

  /// Descriptor of the writing end, for the child; negative once it is closed.
  public var writingEnd: Int32 { writing }
  /// Whether there may be more to read.
  public var isOpen: Bool { reading >= 0 }

  /// To be called once the child has its copy: otherwise the pipe never ends.
  public func closeWriting() {
    if writing >= 0 { close(writing) }
    writing = -1
  }

  /// Closes the reading end; a second call does nothing.
  public func closeReading() {
    if reading >= 0 { close(reading) }
    reading = -1
  }

  /// What is there now, at most a buffer full; nil where nothing is. Closes itself at the end.
  public func read(into buffer: inout [UInt8]) -> ArraySlice<UInt8>? {
    guard isOpen else { return nil }
    let count = Foundation.read(reading, &buffer, buffer.count)
    if count > 0 { return buffer[..<count] }
    if count == 0 || (errno != EAGAIN && errno != EINTR) { closeReading() }
    return nil
  }
}
