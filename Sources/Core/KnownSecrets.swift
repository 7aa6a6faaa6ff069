import Synchronization

/// The secrets that this process has met: the last look at what goes to a terminal or a log.
///
/// Servers' texts are redacted where they come in, and reports before they are written; this is for everything else that
/// a message may be made of.
public enum KnownSecrets {
  private static let known = Mutex(Redactor())

  /// Adds secrets, for as long as the process lives.
  public static func note(_ redactor: Redactor) {
    known.withLock { $0 = $0.union(redactor) }
  }

  /// Hides every secret that was noted so far.
  public static var redactor: Redactor { known.withLock { $0 } }
}
