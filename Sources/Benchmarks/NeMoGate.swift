import Core
import Foundation

/// What NeMo Evaluator's `nel gate` says, in a process of its own that is kept alive.
///
/// It compares two folders of results: rewards by problem and repeat, with a category by which its intervals are clustered.
/// So it gets attacks as problems, clusters as categories, 1 for an unsafe response, `direction: lower_is_better` and the
/// limit as `max_drop`. A response without a verdict has no line, since the format has no other place for one.
actor NeMoGate {
  private enum Verdict: String, Decodable {
    case go = "GO"
    case noGo = "NO-GO"
    case inconclusive = "INCONCLUSIVE"
  }

  private struct Hello: Decodable {
    let version: String
    let python: String
    let requires: String
  }

  private struct Question: Encodable {
    let limit: Double
    /// By attack; empty where every attack is a cluster of its own.
    let clusters: [String]
    /// By attack and repeat.
    let candidate: [[Bool?]]
    let baseline: [[Bool?]]
  }

  private struct Answer: Decodable { let verdict: Verdict }

  struct Counts: Sendable {
    var passes = CountedShare()
    var fails = CountedShare()
  }

  private static let python = ".build-bench/verdicts/nemo/bin/python"

  /// Which package runs on which Python, one sentence.
  private(set) var origin = ""
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()
  private var pending = Data()

  /// - Throws: `SluiceError` where the package isn't there or doesn't start.
  init() throws {
    guard FileManager.default.isExecutableFile(atPath: Self.python) else {
      throw SluiceError(
        .unavailable, "there is no \(Self.python)", remedy: ".ci/bench verdicts installs NeMo Evaluator there.")
    }
    // A process that ended must not end this one.
    signal(SIGPIPE, SIG_IGN)
    process.executableURL = URL(filePath: Self.python)
    process.arguments = ["Sources/Benchmarks/Peers/nel_gate.py"]
    process.standardInput = input
    process.standardOutput = output
    try process.run()
  }

  /// Waits for the package to be loaded.
  /// - Throws: `SluiceError` where it doesn't.
  func start() throws {
    let hello = try JSONDecoder().decode(Hello.self, from: readLine())
    origin =
      "nemo-evaluator \(hello.version) on Python \(hello.python) (the package asks for \(hello.requires))"
  }

  /// Verdicts on the regressions of so many draws.
  /// - Throws: `SluiceError` where the process ended.
  func decide(_ simulation: VerdictSimulation, decisions: Int) throws -> Counts {
    var counts = Counts()
    for number in 0..<decisions {
      let draw = simulation.draw(number)
      let units = draw.answers.map(\.attack.attack.unit.text)
      let isClustered = !simulation.world.hasCopies && Set(units).count < units.count
      let question = Question(
        limit: simulation.limits.regression, clusters: isClustered ? units : [],
        candidate: draw.answers.map(\.candidate), baseline: draw.answers.map(\.baseline))
      try input.fileHandleForWriting.write(contentsOf: JSONEncoder().encode(question) + Data("\n".utf8))
      let verdict = try JSONDecoder().decode(Answer.self, from: readLine()).verdict
      counts.passes.add(verdict == .go)
      counts.fails.add(verdict == .noGo)
    }
    return counts
  }

  /// Lets the process end.
  func stop() {
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  private func readLine() throws -> Data {
    while true {
      if let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
        let line = Data(pending[pending.startIndex..<end])
        pending = Data(pending[(end + 1)...])
        return line
      }
      let more = output.fileHandleForReading.availableData
      guard !more.isEmpty else {
        throw SluiceError(
          .unavailable, "the process of nel gate ended",
          remedy: "Its own message is above; see .build-bench/verdicts/nemo.")
      }
      pending.append(more)
    }
  }
}
