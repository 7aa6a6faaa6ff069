import Core

/// A model that plays two parts, with responses of its own in the second: an A/A run must not compare a response with itself.
struct ApartTarget: Target {
  private let model: any Target

  /// Keeps the second part's samples off the first's.
  private static let offset = 1 << 40

  init(_ model: any Target) { self.model = model }

  var name: String { model.name }
  var fingerprint: String { model.fingerprint + "#apart" }
  var settings: SamplingSettings { model.settings }
  var preferredBatch: Int { model.preferredBatch }
  var inFlight: Int { model.inFlight }
  var answersInBatches: Bool { model.answersInBatches }
  var declaredRevision: String? { model.declaredRevision }
  var identifiesBytes: Bool { model.identifiesBytes }

  func objection(to conversation: Conversation) -> ConversationObjection? { model.objection(to: conversation) }

  func signs() async throws -> ServerSigns { try await model.signs() }

  func respond(
    to requests: [TargetRequest], onOutcome: @escaping @Sendable (_ index: Int, _ outcome: ResponseOutcome) -> Void
  ) async throws {
    try await model.respond(
      to: requests.map { TargetRequest(prompt: $0.prompt, sampleIndex: $0.sampleIndex + Self.offset) },
      onOutcome: onOutcome)
  }

  func probe() async throws { try await model.probe() }
}
