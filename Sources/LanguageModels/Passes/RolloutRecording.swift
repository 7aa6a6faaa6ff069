import Synchronization

/// What rollouts computed on their way, for one gradient of their own samples: the forward pass of those need not be made
/// again.
public final class RolloutRecording: Sendable {
  private let rollouts: Mutex<[RolloutRecorder]>

  init(_ rollouts: [RolloutRecorder]) { self.rollouts = Mutex(rollouts) }

  /// Hands over the rollouts: a gradient is made in their memory, so they serve for one only.
  func take() -> [RolloutRecorder] {
    rollouts.withLock { rollouts in
      defer { rollouts = [] }
      return rollouts
    }
  }
}
