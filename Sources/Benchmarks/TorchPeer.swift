import Core
import Foundation

/// A PyTorch process that does a contestant's work on command, kept alive so that contestants can take turns.
final class TorchPeer {
  struct Answer: Decodable {
    let loss: Double
    /// Rollout, reference, learning.
    let seconds: [Double]
    var total: Double { seconds.reduce(0, +) }
  }

  let way: String
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()
  private var pending = Data()

  /// - Throws: where Python can't be started.
  init(way: String, folder: URL, threads: Int) throws {
    self.way = way
    process.executableURL = URL(fileURLWithPath: ".build-bench/torch/bin/python")
    process.arguments = ["Sources/Benchmarks/Peers/tb_update.py", way, folder.path, String(threads)]
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
  func ask(_ command: String) throws -> Answer {
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
          .unavailable, "the PyTorch peer '\(way)' ended", remedy: "Its own message is above; see .build-bench/torch.")
      }
      pending.append(more)
    }
  }
}
