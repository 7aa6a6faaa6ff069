/// What long work reports while it runs. Printing and persistence subscribe; nothing here prints.
public enum ProgressEvent: Hashable, Sendable {
  case stageBegan(name: String, total: Int?)
  /// `done` of `total` units of the running stage (responses, steps: `unit` says).
  case advanced(stage: String, done: Int, total: Int?, unit: String, note: String)
  case stageEnded(name: String, detail: String)
  case notice(String)
}

/// Receives progress; called from any thread.
public typealias ProgressSink = @Sendable (ProgressEvent) -> Void
