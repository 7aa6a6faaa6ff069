import Core
import Evidence
import Targets

/// A model in its part of the run, ready to be asked.
struct Participant: Sendable {
  let role: Role
  let target: any Target
  /// The name of its kind, for reports.
  let kind: String
  /// Whether its files are read here.
  var isCheckpoint = false
  /// What the policy calls it; nil for the target's own name.
  var label: String?
  /// What the run starts before it is asked, and ends; nil where it needs nothing.
  var server: ModelServer?
  /// Responses are shared within a scope alone: empty for a model that is known by its bytes, the run where it isn't, and what the
  /// server says of itself where both speak.
  var scope = ""
  /// What the server said of itself before the first question.
  var signs = ServerSigns()

  var name: String { label ?? target.name }

  /// Whether it writes attacks or parts of them, and is no model under test.
  var isWriter: Bool {
    switch role {
    case .rewriter, .driver: true
    case .candidate, .baseline, .control, .transfer, .variant: false
    }
  }

  /// Equal for models that answer from the same distribution, whatever their role.
  var identity: String { "\(modelIdentity)|\(target.settings.identity)" }

  /// Whether it is the same model under the same settings, also where its address is spelt otherwise.
  func isSame(as other: Participant) -> Bool {
    (target.place, scope, target.settings) == (other.target.place, other.scope, other.target.settings)
  }

  /// Equal for the same bytes: what decides whether an attack was found on this very model.
  var modelIdentity: String { scope.isEmpty ? target.fingerprint : "\(target.fingerprint)@\(scope)" }

  var summary: RunSummary.ModelIdentity {
    RunSummary.ModelIdentity(
      role: role.description, name: name, fingerprint: target.fingerprint, kind: kind,
      signs: RunSummary.ModelSigns(
        revision: target.declaredRevision, server: signs.lines, identifiesBytes: target.identifiesBytes,
        settings: target.settings.shown, isCheckpoint: isCheckpoint))
  }
}

extension SamplingSettings {
  /// For people; a system prompt may be secret, so its digest stands for it.
  var shown: String {
    var parts = ["temperature \(temperature)", "top_p \(topP)", "max_tokens \(maxTokens)"]
    if let system { parts.append("system prompt \(SHA256.hex(system).prefix(12))") }
    if let template { parts.append("template \(SHA256.hex(template).prefix(12))") }
    if let maxBytes { parts.append("max_response_bytes \(maxBytes)") }
    return parts.joined(separator: ", ")
  }

  /// All settings in one line.
  var identity: String {
    let optional = [system, template].map { $0 ?? "" }
    return "t=\(temperature) p=\(topP) n=\(maxTokens) seed=\(seed.map(String.init) ?? "none") "
      + optional.map { String(hexadecimal: StableHash.fnv1a($0.utf8)) }.joined(separator: " ")
      + (maxBytes.map { " b=\($0)" } ?? "")
  }
}

extension Array {
  /// As many rows as `count`, each of `size` elements: what was asked `size` times of each of `count` things.
  func rows(_ count: Int, of size: Int) -> [[Element]] {
    (0..<count).map { Array(self[($0 * size)..<(($0 + 1) * size)]) }
  }
}

/// Runs `work` for every participant side by side (they may be different servers), one after the other where two parts
/// are played by the same model: the second then finds the first one's responses in the ledger.
func sideBySide<Result: Sendable>(
  _ participants: [Participant], _ work: @escaping @Sendable (Participant) async throws -> Result
) async throws -> [Role: Result] {
  let byModel = Dictionary(grouping: participants, by: \.identity)
  return try await withThrowingTaskGroup(of: [(Role, Result)].self) { group in
    for players in byModel.values {
      group.addTask {
        var results: [(Role, Result)] = []
        for player in players { results.append((player.role, try await work(player))) }
        return results
      }
    }
    return try await group.reduce(into: [:]) { all, results in
      for (role, result) in results { all[role] = result }
    }
  }
}
