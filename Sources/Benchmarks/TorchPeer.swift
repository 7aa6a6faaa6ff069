import Core
import Foundation

/// A PyTorch process that does a contestant's work on command, kept alive so that contestants can take turns.
final class TorchPeer {
  private let script: String
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()
  private var pending = Data()

  /// - Parameter script: a file of `Sources/Benchmarks/Peers`.
  /// - Throws: where Python can't be started.
  init(_ script: String, _ arguments: [String], threads: Int) throws {
    self.script = script
    process.executableURL = URL(fileURLWithPath: ".build-bench/torch/bin/python")
    process.arguments = ["-B", "Sources/Benchmarks/Peers/" + script] + arguments
    process.environment = ProcessInfo.processInfo.environment.merging(
      ["OMP_NUM_THREADS": String(threads)], uniquingKeysWith: { $1 })
    process.standardInput = input
    process.standardOutput = output
    try process.run()
  }

  deinit {
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  /// Sends one command and waits for its answer.
  /// - Throws: `SluiceError` when the process has ended or says something else.
  func ask<Answer: Decodable>(_ command: String) throws -> Answer {
    try input.fileHandleForWriting.write(contentsOf: Data((command + "\n").utf8))
    while true {
      if let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
        let line = pending[pending.startIndex..<end]
        pending = Data(pending[(end + 1)...])
        return try JSONDecoder().decode(Answer.self, from: line)
      }
      let more = output.fileHandleForReading.availableData
      guard !more.isEmpty else {
        throw SluiceError(
          .unavailable, "the PyTorch peer \(script) ended", remedy: "Its own message is above; see .build-bench/torch.")
      }
      pending.append(more)
    }
  }
}
