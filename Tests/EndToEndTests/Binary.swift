import Foundation
import Synchronization

/// The built executable, as a user runs it.
enum Binary {
  struct Missing: Error, CustomStringConvertible {
    let description: String
  }

  /// What one call of the program did.
  struct Outcome: Sendable {
    let code: Int32
    /// Whether a signal ended it; then `code` is the signal.
    let wasKilled: Bool
    let output: String
    let errors: String
  }

  /// The repository's folder.
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  static func path() throws -> String {
    let candidates = [
      ProcessInfo.processInfo.environment["SLUICE_BINARY"],
      root.appendingPathComponent(".build/release/sluice").path,
    ].compactMap(\.self)
    guard let path = candidates.first(where: FileManager.default.isExecutableFile) else {
      throw Missing(description: "no sluice binary; build it with: swift build -c release --product sluice")
    }
    return path
  }

  /// What tests' time limits are multiplied by: a sanitizer makes a program many times slower.
  static let patience = ProcessInfo.processInfo.environment["SLUICE_PATIENCE"].flatMap(Double.init) ?? 1

  /// Starts the program. Output goes to files, since a full pipe would stop it.
  static func start(
    _ arguments: [String], in folder: URL, environment: [String: String] = [:]
  ) throws -> RunningBinary {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try path())
    process.arguments = arguments
    process.currentDirectoryURL = folder
    process.environment = clean.merging(environment) { $1 }
    return try RunningBinary(process)
  }

  /// Starts a shell command in which `$SLUICE` is the program: for redirections, limits and signals.
  static func shell(
    _ command: String, in folder: URL, environment: [String: String] = [:]
  ) throws -> RunningBinary {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", command]
    process.currentDirectoryURL = folder
    process.environment = clean.merging(["SLUICE": try path()]) { $1 }.merging(environment) { $1 }
    return try RunningBinary(process)
  }

  /// Starts the program with 400 MB of address space. glibc would reserve up to 128 MB for each thread's arena, so that
  /// the number of threads decided what is left; with one arena a call needs less than 260 MB.
  static func startConfined(_ arguments: [String], in folder: URL) throws -> RunningBinary {
    try shell(
      "ulimit -v 400000; exec \"$SLUICE\" " + arguments.map { "'\($0)'" }.joined(separator: " "), in: folder,
      environment: ["MALLOC_ARENA_MAX": "1"])
  }

  /// A clean environment: neither a proxy nor a CI variable of the machine decides what a test sees.
  private static var clean: [String: String] {
    ProcessInfo.processInfo.environment.filter { ["PATH", "HOME", "LD_LIBRARY_PATH"].contains($0.key) }
  }

  static func run(
    _ arguments: [String], in folder: URL, environment: [String: String] = [:], atMost seconds: Double = 120
  ) async throws -> Outcome {
    try await start(arguments, in: folder, environment: environment).outcome(atMost: seconds)
  }
}

/// A call of the program that may still be going on.
final class RunningBinary: Sendable {
  struct TimedOut: Error {
    let errors: String
  }

  let pid: Int32
  private let outputFile: URL
  private let errorFile: URL

  init(_ process: Process) throws {
    let base = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-e2e-\(UUID().uuidString)")
    outputFile = base.appendingPathExtension("out")
    errorFile = base.appendingPathExtension("err")
    for file in [outputFile, errorFile] { try Data().write(to: file) }
    process.standardOutput = try FileHandle(forWritingTo: outputFile)
    process.standardError = try FileHandle(forWritingTo: errorFile)
    process.standardInput = FileHandle.nullDevice
    let box = EndBox()
    process.terminationHandler = { process in
      box.set(process.terminationStatus, process.terminationReason == .uncaughtSignal)
    }
    // Where the tests themselves ignore Ctrl-C or a lost terminal (shell jobs, nohup), the program is not to inherit that.
    let inherited = [SIGINT, SIGHUP].map { ($0, signal($0, SIG_DFL)) }
    defer { for (number, handler) in inherited { signal(number, handler) } }
    try process.run()
    pid = process.processIdentifier
    self.box = box
  }

  private let box: EndBox

  /// Waits for the end.
  func outcome(atMost seconds: Double) async throws -> Binary.Outcome {
    let deadline = ContinuousClock.now + .seconds(seconds * Binary.patience)
    while true {
      if let (code, wasKilled) = box.value {
        defer {
          try? FileManager.default.removeItem(at: outputFile)
          try? FileManager.default.removeItem(at: errorFile)
        }
        return Binary.Outcome(code: code, wasKilled: wasKilled, output: text(outputFile), errors: text(errorFile))
      }
      if ContinuousClock.now > deadline {
        kill(pid, SIGKILL)
        throw TimedOut(errors: text(errorFile))
      }
      try await Task.sleep(for: .milliseconds(20))
    }
  }

  /// Waits until standard error says `words`, the program has ended, or time is up.
  func waitUntilErrors(say words: String, atMost seconds: Double) async throws {
    let deadline = ContinuousClock.now + .seconds(seconds * Binary.patience)
    while box.value == nil, ContinuousClock.now < deadline, !text(errorFile).contains(words) {
      try await Task.sleep(for: .milliseconds(10))
    }
  }

  /// Waits until standard output says `words`, the program has ended, or time is up.
  /// - Returns: all that it said.
  func output(untilItSays words: String, atMost seconds: Double) async throws -> String {
    let deadline = ContinuousClock.now + .seconds(seconds * Binary.patience)
    while box.value == nil, ContinuousClock.now < deadline, !text(outputFile).contains(words) {
      try await Task.sleep(for: .milliseconds(10))
    }
    return text(outputFile)
  }

  func send(_ signal: Int32) { kill(pid, signal) }

  private func text(_ file: URL) -> String {
    String(decoding: (try? Data(contentsOf: file)) ?? Data(), as: UTF8.self)
  }

  private final class EndBox: Sendable {
    private let end = Mutex<(Int32, Bool)?>(nil)
    func set(_ code: Int32, _ wasKilled: Bool) { end.withLock { $0 = (code, wasKilled) } }
    var value: (Int32, Bool)? { end.withLock { $0 } }
  }
}
