import Core
import Evidence
import Foundation
import Policies

extension Policy {
  /// Reads a policy as everything after it may know it: what `--set` said is shown without secrets, and whatever this
  /// process prints is looked through for the policy's.
  /// - Throws: `PolicyErrors`.
  static func known(
    path: String, overrides: [String] = [], seed: UInt64? = nil, checksFiles: Bool = true
  ) throws -> Policy {
    var policy = try load(path: path, overrides: overrides, seed: seed, checksFiles: checksFiles)
    policy.overrides = policy.shownOverrides { SHA256.hex($0) }
    KnownSecrets.note(policy.redactor)
    return policy
  }
}

extension RunSummary {
  /// The summary without secrets: what the policy's own texts bring in, such as a model's name that was made of a key.
  func redacted(by redactor: Redactor) throws -> RunSummary {
    if redactor.isEmpty { return self }
    let encoder = JSONEncoder()
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    let document = [UInt8](try encoder.encode(self))
    guard redactor.mayHold(document) else { return self }
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return try decoder.decode(RunSummary.self, from: Data(redactor.redacted(json: document)))
  }
}
