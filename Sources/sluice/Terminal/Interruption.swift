import Core
import Dispatch
import Foundation
import Gate
import Logging
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
        let count = seen.next()
        Logger.process.notice(
          "signal received",
          metadata: ["signal": .stringConvertible(Int(number)), "count": .stringConvertible(count)])
        if count > 1 { _exit(Core.ExitCode.interrupted.rawValue) }
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

extension Interruption {
  /// After the first Ctrl-C the process ends within these seconds, in which paid jobs are cancelled and reports written.
  private static let patience = 20.0

  /// Ends the process with an error's message and code. Everything is committed already, so leaving without a tidy end loses
  /// nothing.
  static let leave: @Sendable (SluiceError) -> Void = { error in
    StandardError.write(error)
    Diagnostics.end(error.exitCode.rawValue)
    _exit(error.exitCode.rawValue)
  }

  /// Does work that a signal stops, and shows its progress.
  /// - Parameter command: what goes on with the work, for the message.
  /// - Throws: what the work throws.
  static func ending<Result: Sendable>(
    _ display: ProgressDisplay, goOn command: String, _ body: @escaping @Sendable () async throws -> Result
  ) async throws -> Result {
    let work = Task(operation: body)
    let interruption = Interruption {
      display.show(.notice("stopping; what was answered is stored (again: stop at once)"))
      work.cancel()
      // Where it had not even begun, nothing listens. A queue of its own gets a thread while work keeps every core busy.
      DispatchQueue(label: "sluice.patience").asyncAfter(deadline: .now() + patience) {
        leave(Pipeline.interrupted(resumeCommand: command))
      }
    }
    let result = await work.result
    withExtendedLifetime(interruption) {}
    display.finish()
    return try result.get()
  }
}

private final class SignalCount: Sendable {
  private let count = Atomic(0)

  func next() -> Int { count.wrappingAdd(1, ordering: .relaxed).newValue }
}
