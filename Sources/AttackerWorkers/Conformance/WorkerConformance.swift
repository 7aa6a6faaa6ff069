import Attackers
import Core

/// Holds a worker to the protocol: what it gives has the right shape, means what it should, and is the same again.
package struct WorkerConformance {
  /// One thing that was looked at.
  package struct Finding: Sendable, Codable, Hashable {
    /// What a good worker does, as a sentence without its subject and full stop, for example `samples the same again`.
    package let claim: String
    /// What was seen instead; nil where it holds.
    package let failure: String?
    /// Figures for a reader; empty for none.
    package let detail: String
  }

  let worker: any AttackerEngine
  /// A checkpoint of the same model in this process, to compare with; nil for none.
  let twin: (any AttackerEngine)?
  /// The tokens before every sequence.
  let prefix: [Int32]
  let description: EngineDescription

  /// Greatest difference between log-probabilities that count as equal.
  package static let tolerance: Float = 1e-3
  /// Tokens of a sample at most.
  static let longest = 12
  /// Samples in one question.
  static let rows = 24

  /// - Parameters:
  ///   - twin: the same model in this process; nil for none.
  ///   - prompt: what comes before every sequence; nil for what the worker's model says.
  /// - Throws: `SluiceError` where the worker can't be started or has nothing to start from.
  package init(_ worker: any AttackerEngine, twin: (any AttackerEngine)?, prompt: String?) async throws {
    self.worker = worker
    self.twin = twin
    var settings = AttackerSettings()
    settings.maxTokens = Self.longest
    settings.prompt = prompt
    let loaded = try await LoadedEngine(worker, settings: settings)
    (prefix, description) = (loaded.prefix, loaded.description)
  }

  /// - Parameter found: called with every finding as it comes.
  /// - Throws: `SluiceError` (unavailable) where the worker is lost; `CancellationError`.
  package func examine(_ found: (Finding) throws -> Void) async throws {
    let checks: [(String, (Self) async throws -> Outcome)] = [
      ("turns texts into tokens and back", { try await $0.texts() }),
      ("samples the same again, whatever else is in the batch", { try await $0.samples() }),
      ("gives log-probabilities that are those of its samples", { try await $0.agreement() }),
      ("gives a sequence the same log-probabilities in any batch", { try await $0.batches() }),
      ("starts a policy at the reference model", { try await $0.start() }),
      ("makes likelier what a step favours, and moves no other policy", { try await $0.steps() }),
      ("takes each token's weight by itself", { try await $0.weights() }),
      ("gives a policy's state out and takes it in", { try await $0.state() }),
      ("gives as many hidden states as it says", { try await $0.hidden() }),
      ("gives the log-probabilities of the same model in this process", { try await $0.comparison() }),
    ]
    for (claim, check) in checks {
      let outcome = try await check(self)
      if case .skipped = outcome { continue }
      try found(Finding(claim: claim, failure: outcome.failure, detail: outcome.detail))
    }
  }

  enum Outcome {
    case holds(String)
    case fails(String)
    case skipped

    fileprivate var failure: String? { if case .fails(let what) = self { what } else { nil } }
    fileprivate var detail: String { if case .holds(let what) = self { what } else { "" } }
  }
}
