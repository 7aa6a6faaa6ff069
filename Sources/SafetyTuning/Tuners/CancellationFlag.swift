import Synchronization

/// Set from a cancellation handler, looked at between steps.
public final class CancellationFlag: Sendable {
  private let value = Atomic(false)

  public init() {}

  /// Whether work is to stop.
  public var isSet: Bool { value.load(ordering: .relaxed) }
  /// Asks for the end, once and for all; called from any thread.
  public func set() { value.store(true, ordering: .relaxed) }
}
