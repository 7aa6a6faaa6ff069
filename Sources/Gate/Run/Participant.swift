import Core
import Targets

/// A model in its part of the run, ready to be asked.
struct Participant: Sendable {
  let role: Role
  let target: any Target
  /// `local` or `openai`.
  let kind: String

  /// Equal for models that answer from the same distribution, whatever their role.
  var identity: String { "\(target.fingerprint)|\(target.settings.identity)" }

  /// What a server calls the version that it serves is part of the name: it may change under one address.
  var summary: RunSummary.ModelIdentity {
    let versions = (target as? OpenAITarget)?.observedSystemFingerprints ?? []
    let name = versions.isEmpty ? target.name : "\(target.name) (\(versions.joined(separator: ", ")))"
    return RunSummary.ModelIdentity(
      role: role.description, name: name, fingerprint: target.fingerprint, kind: kind)
  }
}

extension SamplingSettings {
  /// All settings in one line.
  var identity: String {
    let optional = [system, template].map { $0 ?? "" }
    return "t=\(temperature) p=\(topP) n=\(maxTokens) seed=\(seed.map(String.init) ?? "none") "
      + optional.map { String(hexadecimal: StableHash.fnv1a($0.utf8)) }.joined(separator: " ")
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
