import Core

extension ResponseService {
  /// Where responses and remote judgments come from that the archive doesn't have.
  enum Supply: Sendable {
    case target
    /// From the target, once it was proved to be the one that was asked before.
    case provenTarget(OnceOnly)
    /// From nowhere: shards asked and judged everything, and what they got no answer to is a failure.
    case shards
  }

  /// Whether targets and judges behind servers are asked at all.
  var asks: Bool { if case .shards = supply { false } else { true } }

  /// Has it proved, where that is needed, that the target is the one that was asked before.
  func prove() async throws { if case .provenTarget(let proof) = supply { try await proof.perform() } }

  /// Why shards got no response.
  /// - Throws: `SluiceError` (unavailable) where they didn't ask at all: nothing may be decided then.
  func failures(of requests: [TargetRequest], _ target: any Target, as role: Role) throws -> [ResponseFailure] {
    let noted = try archive.failures(requests.map { scopes.key($0, of: target) }, of: scopes.run)
    let failures = noted.compactMap(\.self)
    guard failures.count == requests.count else {
      throw SluiceError(
        .unavailable,
        "the shards hold nothing of \(requests.count - failures.count) responses of the \(role) target \(target.name) "
          + "that the policy plans",
        remedy: "Run all shards anew, each with a ledger of its own.")
    }
    return failures
  }
}
