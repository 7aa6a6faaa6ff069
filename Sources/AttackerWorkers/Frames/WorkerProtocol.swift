/// What both sides of the protocol agree on.
package enum WorkerProtocol {
  package static let version = 1
  /// Names the reference model, which no step moves.
  package static let reference = 0
  /// Numbers that a policy may train: 16 GB of them.
  static let mostParameters = 1 << 32
  /// How far above 0 a log-probability may be.
  static let roundingError: Float = 1e-3
}
