import Core
import Dispatch
import Foundation
import Synchronization

/// Listens for Ctrl-C and termination: the first asks the work to stop, the second ends the process at once.
///
/// Ending at once is safe at any time: everything that was paid for is already committed to the ledger.
final class Interruption: Sendable {
  private let sources: [any DispatchSourceSignal]
  private let count = Mutex(0)

  /// - Parameter stop: called once, from another thread.
  init(stop: @escaping @Sendable () -> Void) {
    let queue = DispatchQueue(label: "sluice.signals")
    let signals = [SIGINT, SIGTERM]
    sources = signals.map { DispatchSource.makeSignalSource(signal: $0, queue: queue) }
    for (number, source) in zip(signals, sources) {
      signal(number, SIG_IGN)
      source.setEventHandler { [self] in
        let seen = count.withLock { count in
          count += 1
          return count
        }
        if seen > 1 { _exit(Core.ExitCode.interrupted.rawValue) }
        stop()
      }
      source.resume()
    }
  }
}
