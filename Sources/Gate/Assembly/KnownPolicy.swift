import Core
import Evidence
import Policies

extension Policy {
  /// Reads a policy as everything after it may know it: what `--set` said is shown without secrets, and whatever this
  /// process prints is looked through for the policy's.
  /// - Throws: `PolicyErrors`.
  static func known(
    path: String, overrides: [String] = [], seed: UInt64? = nil, checksFiles: Bool = true, kinds: Catalogue = .all
  ) throws -> Policy {
    var policy = try load(path: path, overrides: overrides, seed: seed, checksFiles: checksFiles, kinds: kinds)
    policy.overrides = policy.shownOverrides { SHA256.hex($0) }
    KnownSecrets.note(policy.redactor)
    return policy
  }
}

extension RunSummary {
  /// The summary without secrets: what the policy's own texts bring in, such as a model's name that was made of a key.
  func redacted(by redactor: Redactor) throws -> RunSummary {
    if redactor.isEmpty { return self }
    let document = Array(try jsonText(self).utf8)
    return redactor.mayHold(document) ? try RunSummary(jsonText: redactor.redacted(json: document)) : self
  }
}
