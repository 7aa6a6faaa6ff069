/// What long work reports while it runs. Printing and persistence subscribe; nothing here prints.
public enum ProgressEvent: Hashable, Sendable {
  /// Work began on `total` things; nil where nobody knows how many there are.
  case stageBegan(name: String, total: Int?)
  /// `done` of `total` units of the running stage (responses, steps: `unit` says).
  ///
  /// `given` of `done` took no work in this process: they were in the ledger, or turned out not to be needed. They say nothing about
  /// how fast the rest is.
  case advanced(stage: String, done: Int, total: Int?, unit: String, note: String, given: Int = 0)
  /// Work ended; `detail` says with what, in a few words.
  case stageEnded(name: String, detail: String)
  /// A remark that isn't about how far the work is.
  case notice(String)
}

/// Receives progress; called from any thread.
public typealias ProgressSink = @Sendable (ProgressEvent) -> Void
