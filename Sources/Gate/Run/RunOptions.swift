import Core
import Policies
import Reports

/// What a caller asks of a run.
public struct RunOptions: Sendable {
  /// Path of the policy file.
  public var policy: String
  /// What the policy can name: kinds of targets and judges, metrics, reports and the like.
  public var kinds: Catalogue
  /// `KEY=VALUE`, each overriding a value of the policy.
  public var overrides: [String]
  /// Nil for all that the policy provides for.
  public var stages: Set<Stage>?
  /// What everything random derives from; nil for the policy's.
  public var seed: UInt64?
  /// Go on with the last unfinished run of the same policy, overrides, seed and stages.
  public var resume: Bool
  /// The command that resumes this run, for messages.
  public var resumeCommand: String
  /// How long to wait for a ledger that another run holds; nil doesn't wait.
  public var ledgerWait: Duration?
  /// The part of the run that is asked for; nil for all of it.
  public var shard: Shard?
  /// Ends the process: called from a thread of its own, where a run was stopped by a signal or its wall clock and some part of
  /// it doesn't come to an end. Nil waits for that part.
  public var leave: (@Sendable (SluiceError) -> Void)?

  public init(
    policy: String, kinds: Catalogue = .all, overrides: [String] = [], stages: Set<Stage>? = nil, seed: UInt64? = nil,
    resume: Bool = false,
    resumeCommand: String, ledgerWait: Duration? = nil, shard: Shard? = nil,
    leave: (@Sendable (SluiceError) -> Void)? = nil
  ) {
    self.policy = policy
    self.kinds = kinds
    self.overrides = overrides
    self.stages = stages
    self.seed = seed
    self.resume = resume
    self.resumeCommand = resumeCommand
    self.ledgerWait = ledgerWait
    self.shard = shard
    self.leave = leave
  }
}

/// A run that came to a verdict.
public struct RunReport: Sendable {
  /// Everything that reports show.
  public let summary: RunSummary
  /// The JSON report.
  public let json: [UInt8]
  /// Paths of the reports that were written.
  public let files: [String]
  /// A line for each service that could not be told of the verdict.
  public var undelivered: [String] = []
  /// What people read is in this language; nil for the run's own.
  public var language: Language?

  /// For a person, several lines.
  /// - Parameters:
  ///   - colour: whether the terminal shows ANSI colours.
  ///   - width: columns of the terminal.
  ///   - verbose: whether the basis of each check is shown.
  public func text(colour: Bool, width: Int, verbose: Bool = false) -> String {
    TerminalReport.render(summary, colour: colour, width: width, files: files, verbose: verbose, language: language)
  }

  /// The verdict in one line.
  public var verdictLine: String { TerminalReport.line(summary, language: language) }
}
