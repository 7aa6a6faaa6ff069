import CProcess
import Core
import Foundation

/// What a process has to settle with the system before it does anything else.
enum ProcessSetup {
  static func perform() {
    fillStandardDescriptors()
    silenceSignals()
    // The environment and the memory hold keys.
    sluice_forbid_dumps()
  }

  /// Opens whichever of the descriptors 0 to 2 is closed: a ledger or a connection that got such a number would be
  /// written into by every message.
  ///
  /// Opened the wrong way round, so that using one still fails as it does on a closed one.
  private static func fillStandardDescriptors() {
    for number in STDIN_FILENO...STDERR_FILENO where fcntl(number, F_GETFD) < 0 && errno == EBADF {
      // All below are open, so this one is the lowest that is free.
      _ = open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
  }

  /// A reader that has gone and a file that may not grow are errors of the write that meets them. The others end the process
  /// with the code for an interruption, until a command listens for itself.
  private static func silenceSignals() {
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
    for number in Interruption.signals where !isIgnored(number) {
      signal(number) { _ in _exit(Core.ExitCode.interrupted.rawValue) }
    }
  }

  /// Whether the caller asked for a signal to be ignored, as `nohup` does.
  static func isIgnored(_ number: Int32) -> Bool { sluice_is_ignored(number) != 0 }
}
