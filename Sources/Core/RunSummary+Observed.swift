/// A run that looks on and blocks nothing.
extension RunSummary {
  /// What a run would have ended with, had it been a gate.
  public struct Observed: Hashable, Codable, Sendable {
    /// What the process would have exited with.
    public var exitCode: Int32

    public init(exitCode: Int32) { self.exitCode = exitCode }
  }

  /// Whether the run could not block, whatever it saw.
  public var isObserved: Bool { observed != nil }

  /// The exit code that goes with the verdict, also where the process ended with 0 because the run only observed.
  public var gateExitCode: Int32 { observed?.exitCode ?? exitCode }

  /// The same summary of a run that blocks nothing: it ends with 0, and keeps what it would have ended with.
  /// - Parameter isObserving: false returns the summary as it is.
  public func observing(_ isObserving: Bool) -> RunSummary {
    guard isObserving, !isObserved else { return self }
    var summary = self
    summary.observed = Observed(exitCode: exitCode)
    summary.exitCode = Core.ExitCode.pass.rawValue
    return summary
  }
}
