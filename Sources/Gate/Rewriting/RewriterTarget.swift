import Core

/// A model that rewrites attacks, or writes turns of them. Its answers are stored apart from those that it gives where it plays another part, and stand for
/// good: they are texts to attack with, and no evidence on the model.
struct RewriterTarget: Target {
  private let model: any Target
  private let mark: String

  /// - Parameter mark: ends its fingerprint.
  init(_ model: any Target, mark: String = Self.mark) { (self.model, self.mark) = (model, mark) }

  /// Ends the fingerprints of rewriters.
  static let mark = "#rewriter"
  /// Ends the fingerprints of models that write turns.
  static let drivingMark = "#driver"

  var name: String { model.name }
  var fingerprint: String { model.fingerprint + mark }
  var settings: SamplingSettings { model.settings }
  var preferredBatch: Int { model.preferredBatch }
  var inFlight: Int { model.inFlight }
  var answersInBatches: Bool { model.answersInBatches }
  var declaredRevision: String? { model.declaredRevision }
  var identifiesBytes: Bool { model.identifiesBytes }
  var notices: [String] { model.notices }

  func signs() async throws -> ServerSigns { try await model.signs() }

  func respond(
    to requests: [TargetRequest], onOutcome: @escaping @Sendable (_ index: Int, _ outcome: ResponseOutcome) -> Void
  ) async throws {
    try await model.respond(to: requests, onOutcome: onOutcome)
  }

  func probe() async throws { try await model.probe() }
}
