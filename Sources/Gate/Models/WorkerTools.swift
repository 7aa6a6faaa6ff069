import AttackerWorkers
import Attackers
import Core
import Evidence
import Foundation
import LanguageModels
import Targets

/// What `sluice attacker serve` and `sluice attacker conform` do.
public enum WorkerTools {
  /// Answers frames from standard input on standard output until it ends.
  /// - Throws: `SluiceError` (usage) for a checkpoint that can't be used, or what is no frame.
  public static func serve(_ checkpoint: String) async throws {
    // Nobody reads any more: writing fails, and says so.
    signal(SIGPIPE, SIG_IGN)
    let model = try CausalLanguageModel.load(folder: checkpoint, precision: .frozen)
    var session = WorkerSession(LocalEngine(model, fingerprint: ""))
    let stream = FrameStream(input: STDIN_FILENO, output: STDOUT_FILENO)
    while let question = try await offPool({ try stream.read() }) {
      let answer = await session.answer(to: question)
      try await offPool { try stream.write(answer) }
    }
  }

  /// What `sluice attacker conform` was asked for.
  public struct Examination: Sendable {
    /// The worker and its arguments.
    public var command: [String]
    /// Names of the only variables that it gets.
    public var variables: [String] = []
    /// Longest wait for one answer.
    public var timeout = Duration.seconds(600)
    /// A checkpoint of the same model, to compare with; nil for none.
    public var checkpoint: String?
    /// The meta prompt; nil for the model's own.
    public var prompt: String?

    public init(command: [String]) { self.command = command }
  }

  /// One thing that was looked at.
  public struct Finding: Sendable, Codable {
    /// What a good worker does.
    public let claim: String
    /// What was seen instead; nil where it holds.
    public let failure: String?
    /// What was seen, for a reader who wants to know more.
    public let detail: String
  }

  /// Holds a worker to the protocol.
  /// - Parameter found: called with every finding as it comes.
  /// - Throws: `SluiceError`: (usage) where its program isn't there; (unavailable) where it is lost.
  public static func examine(_ asked: Examination, found: (Finding) throws -> Void) async throws {
    let engine = try CommandEngine(command: asked.command, variables: asked.variables, timeout: asked.timeout).make(
      EngineContext(fingerprint: { $0 }, digest: { $0 }, redactor: Redactor()))
    let twin = try asked.checkpoint.map {
      LocalEngine(try CausalLanguageModel.load(folder: $0, precision: .frozen), fingerprint: "")
    }
    try await WorkerConformance(engine, twin: twin, prompt: asked.prompt).examine {
      try found(Finding(claim: $0.claim, failure: $0.failure, detail: $0.detail))
    }
  }
}
