import Core
import Dispatch
import Foundation
import Logging
import Synchronization

/// Runs work that has to end: at a limit, and soon after its task was cancelled.
///
/// Time is kept by a dispatch queue. The cooperative pool has one thread a core, and a judge or a model that keeps them
/// all busy would keep a sleeping task from waking up.
enum BoundedWork {
  /// How long stopped work may take, in seconds, to put down what it holds: to cancel a job that costs money, or to end a
  /// batch.
  static let usualGrace = 12.0

  /// - Parameters:
  ///   - limit: nil for none.
  ///   - spent: thrown where the work was stopped at its limit.
  ///   - interrupted: the same where its task was cancelled; for `abandon`.
  ///   - grace: in seconds.
  ///   - abandon: called from a thread of its own where the work goes on for longer than `grace` after it was stopped. Nil
  ///     waits for it.
  static func run<Result: Sendable>(
    within limit: Duration?, spent: SluiceError, interrupted: SluiceError, grace: Double = usualGrace,
    abandon: (@Sendable (SluiceError) -> Void)?, _ body: @escaping @Sendable () async throws -> Result
  ) async throws -> Result {
    let work = Task(operation: body)
    let clock = Clock(cancel: { work.cancel() }, grace: grace, abandon: abandon)
    if let limit { clock.start(limit, spent) }
    let result = await withTaskCancellationHandler {
      await work.result
    } onCancel: {
      clock.stop(interrupted)
    }
    let stopped = clock.end()
    do {
      return try result.get()
    } catch let error as SluiceError where [.inputOutput, .permission].contains(error.exitCode) {
      // What could not be stored is news, stopped or not.
      throw error
    } catch {
      // What stopped work throws is a consequence of its stop.
      throw stopped ?? error
    }
  }

  /// Stops the work, and abandons it where that doesn't help.
  private final class Clock: Sendable {
    private struct State {
      var reason: SluiceError?
      var hasEnded = false
    }

    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "sluice.clock")
    private let cancel: @Sendable () -> Void
    private let grace: Double
    private let abandon: (@Sendable (SluiceError) -> Void)?

    init(
      cancel: @escaping @Sendable () -> Void, grace: Double, abandon: (@Sendable (SluiceError) -> Void)?
    ) {
      self.cancel = cancel
      self.grace = grace
      self.abandon = abandon
    }

    func start(_ limit: Duration, _ spent: SluiceError) {
      // Weakly: a clock that is set for hours must not keep the work's ledger open once it has ended.
      queue.asyncAfter(deadline: .now() + limit.inSeconds) { [weak self] in self?.stop(spent) }
    }

    func stop(_ reason: SluiceError) {
      let isFirst = state.withLock { state in
        if state.hasEnded || state.reason != nil { return false }
        state.reason = reason
        return true
      }
      guard isFirst else { return }
      Logger.run.notice("work stopped", metadata: ["reason": "\(reason.message)"])
      cancel()
      guard let abandon else { return }
      queue.asyncAfter(deadline: .now() + grace) { [weak self] in
        guard let self, state.withLock({ !$0.hasEnded }) else { return }
        Logger.run.error("work abandoned, since it doesn't end")
        abandon(reason)
      }
    }

    /// - Returns: why the work was stopped; nil where it wasn't.
    func end() -> SluiceError? {
      state.withLock { state in
        state.hasEnded = true
        return state.reason
      }
    }
  }
}
