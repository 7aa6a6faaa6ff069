import Core
import Dispatch
import Foundation
import Synchronization

/// Listens for Ctrl-C, a lost terminal, termination and a spent CPU limit while it lives: the first asks the work to stop,
/// the second ends the process at once.
///
/// Ending at once is safe at any time: everything that was paid for is already committed to the ledger.
final class Interruption {
  private let sources: [any DispatchSourceSignal]

  static let signals = [SIGINT, SIGTERM, SIGHUP, SIGXCPU]

  /// - Parameter stop: called once, from another thread.
  init(stop: @escaping @Sendable () -> Void) {
    let queue = DispatchQueue(label: "sluice.signals")
    let seen = SignalCount()
    // What the caller wants ignored stays ignored: `nohup sluice run …` outlives its terminal.
    sources = Self.signals.filter { !ProcessSetup.isIgnored($0) }.map { number in
      // The default action would end the process before the source hears of it.
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler {
        if seen.next() > 1 { _exit(Core.ExitCode.interrupted.rawValue) }
        stop()
      }
      source.resume()
      return source
    }
  }

  deinit {
    for source in sources { source.cancel() }
  }
}

private final class SignalCount: Sendable {
  private let count = Atomic(0)

  func next() -> Int { count.wrappingAdd(1, ordering: .relaxed).newValue }
}
