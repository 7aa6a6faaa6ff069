import Core
import Foundation

/// A program run to its end, with what it took.
struct MeasuredProcess {
  /// Seconds.
  let wall: Double
  /// Seconds of user and system time, all threads together.
  let cpu: Double
  /// Bytes.
  let peakMemory: Int

  /// A line on standard error, and what the program had taken by then.
  struct Said {
    let line: String
    /// Seconds.
    let wall: Double
    /// Bytes.
    let peakMemory: Int
  }

  /// - Parameters:
  ///   - errors: file for what it says on standard error.
  ///   - onLine: called with each line on standard error while the program runs. The file is then left alone.
  /// - Throws: `SluiceError` where it can't be started, or ends with another code than 0.
  init(
    _ arguments: [String], in folder: URL, environment: [String: String] = [:], errors: URL,
    onLine: ((Said) -> Void)? = nil
  ) throws {
    let pipe = onLine.map { _ in Pipe() }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
    if let pipe {
      posix_spawn_file_actions_adddup2(&actions, pipe.fileHandleForWriting.fileDescriptor, STDERR_FILENO)
    } else {
      posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errors.path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    }
    let variables = ProcessInfo.processInfo.environment.filter { !$0.key.lowercased().hasSuffix("_proxy") }
      .merging(environment) { $1 }
    // `env` becomes the program, in its folder: what is measured is the program's.
    let words = (["/usr/bin/env", "-C", folder.path] + arguments).map { strdup($0) } + [nil]
    let assignments = variables.map { strdup("\($0)=\($1)") } + [nil]
    defer { for word in words + assignments { free(word) } }

    let clock = ContinuousClock()
    let began = clock.now
    var pid = pid_t()
    let code = posix_spawn(&pid, "/usr/bin/env", &actions, nil, words, assignments)
    guard code == 0 else {
      throw SluiceError(.unavailable, "\(arguments[0]) can't be started: \(String(cString: strerror(code)))")
    }
    var lines: [String] = []
    if let pipe, let onLine {
      try? pipe.fileHandleForWriting.close()
      for line in PipeLines(pipe.fileHandleForReading) {
        lines.append(line)
        onLine(Said(line: line, wall: (clock.now - began) / .seconds(1), peakMemory: Self.peakMemory(of: pid)))
      }
    }
    var status: Int32 = 0
    var usage = rusage()
    while wait4(pid, &status, 0, &usage) < 0, errno == EINTR {}
    wall = (clock.now - began) / .seconds(1)
    cpu = [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) * 1e-6 }
    peakMemory = usage.ru_maxrss * 1024
    guard status == 0 else {
      let said = pipe == nil ? (try? String(contentsOf: errors, encoding: .utf8)) ?? "" : lines.joined(separator: "\n")
      throw SluiceError(.unavailable, "\(arguments[0]) ended with status \(status >> 8): \(said.suffix(2000))")
    }
  }

  /// Largest resident memory so far, in bytes; 0 where the process is gone.
  ///
  /// The system's account at a process's end (`ru_maxrss`) is at least the memory of who started it.
  static func peakMemory(of pid: pid_t) -> Int {
    let status = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    return (line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0) * 1024
  }
}

/// Lines as they arrive, until the other end is closed.
struct PipeLines: Sequence, IteratorProtocol {
  private let file: FileHandle

  init(_ file: FileHandle) { self.file = file }

  mutating func next() -> String? {
    var bytes: [UInt8] = []
    while let byte = try? file.read(upToCount: 1)?.first {
      if byte == UInt8(ascii: "\n") { return String(decoding: bytes, as: UTF8.self) }
      bytes.append(byte)
    }
    return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
  }
}

/// The load server, until it is asked to end.
final class LoadServer {
  struct Account {
    let answered: Int
    let connections: Int
    /// From the first request to the last answer, seconds.
    let seconds: Double
    let cpu: Double
  }

  let port: Int
  private let process = Process()
  private let output = Pipe()

  /// - Parameter latency: milliseconds.
  /// - Throws: `SluiceError` where it doesn't start.
  init(_ program: URL, latency: Int, certificate: (file: URL, key: URL)?) throws {
    process.executableURL = program
    process.arguments = ["--latency", String(latency)]
    if let certificate {
      process.arguments? += ["--certificate", certificate.file.path, "--key", certificate.key.path]
    }
    process.standardOutput = output
    try process.run()
    guard let port = Int(Self.line(output)) else {
      throw SluiceError(.unavailable, "the load server did not start", remedy: ".ci/bench replay builds it.")
    }
    self.port = port
  }

  /// A server that nobody ended would outlive the benchmark.
  deinit { if process.isRunning { process.terminate() } }

  /// Ends the server.
  /// - Throws: `SluiceError` where it says nothing of what it did.
  func end() throws -> Account {
    process.terminate()
    process.waitUntilExit()
    let numbers = Self.line(output).split(separator: " ").compactMap { Double($0) }
    guard numbers.count == 4 else { throw SluiceError(.unavailable, "the load server ended without its account") }
    return Account(answered: Int(numbers[0]), connections: Int(numbers[1]), seconds: numbers[2], cpu: numbers[3])
  }

  private static func line(_ pipe: Pipe) -> String {
    var lines = PipeLines(pipe.fileHandleForReading)
    return lines.next() ?? ""
  }
}
