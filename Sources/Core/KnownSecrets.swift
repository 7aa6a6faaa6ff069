import Synchronization

/// The secrets that this process has met: the last look at what goes to a terminal or a log.
///
/// Servers' texts are redacted where they come in, and reports before they are written; this is for everything else that
/// a message may be made of.
public enum KnownSecrets {
  private static let known = Mutex(Redactor())

  public static func note(_ redactor: Redactor) {
    known.withLock { $0 = $0.union(redactor) }
  }

  public static var redactor: Redactor { known.withLock { $0 } }
}
