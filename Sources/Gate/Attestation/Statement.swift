import Core
import Evidence
import Foundation

/// A run's verdict as an in-toto Statement (version 1) with the test-result predicate (version 0.1), which other tools read; what
/// only this one asks about stands under `sluice`.
struct Statement {
  static let type = "https://in-toto.io/Statement/v1"
  static let predicateType = "https://in-toto.io/attestation/test-result/v0.1"

  /// What identifies the candidate: a digest's name and value.
  struct Subject {
    /// As the policy calls the model.
    var name: String
    /// `sha256` of its files, or `gitCommit`, or `revision`: SHA-256 of the text of a declared revision.
    var algorithm: String
    var digest: String
  }

  struct Waived {
    var check: String
    var waiver: RunSummary.Waiver
  }

  var subject: Subject
  /// `PASSED`, `WARNED` (a pass that waivers are part of, or an open verdict that the policy lets pass) or `FAILED`, as a run that
  /// only observed is signed whatever its verdict.
  var result: String
  /// Names of blocking checks that failed.
  var failed: [String]
  var run: String
  var verdict: String
  /// SHA-256 over the resolved policy and every input.
  var digest: String
  var inputs: [RunSummary.InputIdentity]
  /// When the run ended, seconds since 1970.
  var finished: Double
  var waived: [Waived]
  /// Whether the run only observed: then it is no gate's verdict.
  var isObserved: Bool

  // MARK: - Writing

  /// The statement about a run.
  /// - Parameter finished: when it ended, seconds since 1970.
  /// - Throws: `SluiceError` (usage) for a run whose candidate nothing identifies.
  static func json(_ summary: RunSummary, finished: Double) throws -> [UInt8] {
    guard let candidate = summary.models.first(where: { $0.role == Role.candidate.description }),
      let subject = Subject(candidate)
    else {
      throw SluiceError(
        .usage, "nothing identifies the served bytes of the candidate, so that no attestation can be about them",
        remedy: "Give the candidate a revision: in the policy, for example \"${MODEL_SHA}\", and run again.")
    }
    guard let digest = summary.policy.digest else {
      throw SluiceError(.usage, "the run is of a version that kept no digest of its policy", remedy: "Run again.")
    }
    let (checks, inputs) = (summary.checks, summary.policy.inputs ?? [])
    let waived = checks.filter(\.isWaived).compactMap { check in check.waiver.map { (check: check.name, waiver: $0) } }
    let result =
      switch (summary.verdict, summary.exitCode) {
      // Other tools read the result alone: nothing in it may let a deployment through that no gate let through.
      case _ where summary.isObserved: "FAILED"
      case (.pass, _): waived.isEmpty ? "PASSED" : "WARNED"
      case (.inconclusive, ExitCode.pass.rawValue): "WARNED"
      default: "FAILED"
      }
    let policy = summary.policy
    let resources =
      [
        resource("policy", policy.hash, uri: policy.path), resource("resolved policy and inputs", digest, uri: ""),
      ] + inputs.map { resource($0.use, $0.hash, uri: $0.path) }
      + summary.judges.map { resource("\($0.use) judge", SHA256.hex($0.fingerprint), uri: $0.name) }
    let own = JSON.object(
      [
        text("run", summary.run), text("verdict", summary.verdict.rawValue), text("digest", digest),
        JSON.Member(
          "inputs",
          .array(inputs.map { .object([text("use", $0.use), text("path", $0.path), text("hash", $0.hash)]) })),
        text("ledgerHead", summary.evidence.headHash), JSON.Member("finished", .number(finished)),
        JSON.Member(
          "waivers",
          .array(
            waived.map { check, waiver in
              .object([
                text("check", check), text("reason", waiver.reason), text("owner", waiver.owner),
                text("until", waiver.until),
              ])
            })),
        text("version", summary.evidence.software ?? sluiceVersion),
      ] + (summary.isObserved ? [text("mode", observing)] : []))
    let warned = checks.filter { $0.verdict == .inconclusive || ($0.verdict == .fail && !$0.decides) }
    return JSON.object([
      text("_type", type),
      JSON.Member(
        "subject",
        .array([.object([text("name", subject.name), Self.digest(subject.algorithm, subject.digest)])])),
      text("predicateType", predicateType),
      JSON.Member(
        "predicate",
        .object([
          text("result", result), JSON.Member("configuration", .array(resources)),
          JSON.Member("passedTests", .strings(checks.filter { $0.verdict == .pass }.map(\.name))),
          JSON.Member("warnedTests", .strings(warned.map(\.name))),
          JSON.Member("failedTests", .strings(checks.filter { $0.verdict == .fail && $0.decides }.map(\.name))),
          JSON.Member("sluice", own),
        ])),
    ]).serializedBytes()
  }

  private static let observing = "observe"

  private static func text(_ key: String, _ value: String) -> JSON.Member { JSON.Member(key, .string(value)) }

  private static func digest(_ algorithm: String, _ value: String) -> JSON.Member {
    JSON.Member("digest", .object([text(algorithm, value)]))
  }

  private static func resource(_ name: String, _ hash: String, uri: String) -> JSON {
    .object([text("name", name), digest("sha256", hash)] + (uri.isEmpty ? [] : [text("uri", uri)]))
  }

  // MARK: - Reading

  /// Reads what verifying asks about; what else the predicate says is for other tools.
  /// - Throws: `SluiceError` (usage) for a statement that this software didn't make.
  init(_ bytes: [UInt8], file: String) throws {
    let fault = SluiceError.badInput(
      "the attestation is no verdict of Sluice", file: file, remedy: "Name a file that sluice attest sign wrote.")
    guard let json = try? JSON(parsing: bytes) else { throw fault }
    func member(_ json: JSON, _ key: String) throws -> JSON {
      guard let value = json.members?.first(where: { $0.key == key })?.value else { throw fault }
      return value
    }
    func text(_ json: JSON, _ key: String) throws -> String {
      guard let value = try member(json, key).string else { throw fault }
      return value
    }
    func list(_ json: JSON, _ key: String) throws -> [JSON] {
      guard let value = try member(json, key).array else { throw fault }
      return value
    }
    let subjects = try list(json, "subject")
    guard try text(json, "_type") == Self.type, try text(json, "predicateType") == Self.predicateType,
      subjects.count == 1, let digests = try member(subjects[0], "digest").members, digests.count == 1,
      let value = digests[0].value.string
    else { throw fault }
    subject = Subject(name: try text(subjects[0], "name"), algorithm: digests[0].key, digest: value)
    let predicate = try member(json, "predicate")
    let own = try member(predicate, "sluice")
    result = try text(predicate, "result")
    failed = try list(predicate, "failedTests").map { test in
      guard let name = test.string else { throw fault }
      return name
    }
    run = try text(own, "run")
    verdict = try text(own, "verdict")
    digest = try text(own, "digest")
    inputs = try list(own, "inputs").map {
      .init(use: try text($0, "use"), path: try text($0, "path"), hash: try text($0, "hash"))
    }
    isObserved = own.members?.first { $0.key == "mode" }?.value.string == Self.observing
    guard let time = try member(own, "finished").double else { throw fault }
    finished = time
    waived = try list(own, "waivers").map {
      Waived(
        check: try text($0, "check"),
        waiver: .init(reason: try text($0, "reason"), owner: try text($0, "owner"), until: try text($0, "until")))
    }
  }
}

extension Statement.Subject {
  /// Nil where nothing identifies the model's bytes.
  init?(_ model: RunSummary.ModelIdentity) {
    if let hash = Self.hash(ofLocal: model) {
      self.init(name: model.name, algorithm: "sha256", digest: hash)
    } else if model.signs?.identifiesBytes == true, let revision = model.signs?.revision {
      self.init(name: model.name, revision: revision)
    } else {
      return nil
    }
  }

  /// A local model's fingerprint is the hash of its files and the engine's version.
  private static func hash(ofLocal model: RunSummary.ModelIdentity) -> String? {
    guard model.isCheckpoint, let hash = model.fingerprint.split(separator: "/").first, hash.count == 64 else {
      return nil
    }
    return String(hash)
  }

  init(name: String, revision: String) {
    let isHexadecimal = revision.allSatisfy { "0123456789abcdef".contains($0) }
    switch (isHexadecimal, revision.count) {
    case (true, 64): self.init(name: name, algorithm: "sha256", digest: revision)
    case (true, 40): self.init(name: name, algorithm: "gitCommit", digest: revision)
    default: self.init(name: name, algorithm: "revision", digest: SHA256.hex(revision))
    }
  }
}
