/// The time that back-off and pacing live by. Tests replace it by one that passes without waiting.
public struct RetryClock: Sendable {
  /// Time since some fixed moment; never goes back.
  public let now: @Sendable () -> Duration
  /// - Throws: `CancellationError` promptly when the task is cancelled.
  public let sleep: @Sendable (Duration) async throws -> Void

  public init(
    now: @escaping @Sendable () -> Duration, sleep: @escaping @Sendable (Duration) async throws -> Void
  ) {
    self.now = now
    self.sleep = sleep
  }

  /// Real time.
  public static let continuous: RetryClock = {
    let start = ContinuousClock.now
    return RetryClock(
      now: { ContinuousClock.now - start },
      sleep: { try await Task.sleep(for: $0, tolerance: .milliseconds(5), clock: .continuous) })
  }()
}
