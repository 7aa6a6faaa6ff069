import Core
import Evidence
import Foundation

/// A run's verdict as an in-toto Statement (version 1) with the test-result predicate (version 0.1): what other tools read, and
/// under `sluice` what only this one asks about.
struct Statement: Equatable {
  static let type = "https://in-toto.io/Statement/v1"
  static let predicateType = "https://in-toto.io/attestation/test-result/v0.1"

  /// What identifies the candidate: a digest's name and value.
  struct Subject: Equatable {
    /// As the policy calls the model.
    var name: String
    /// `sha256` of its files, or `gitCommit`, or `revision`: SHA-256 of the text of a declared revision.
    var algorithm: String
    var digest: String
  }

  struct Waived: Equatable {
    var check: String
    var waiver: RunSummary.Waiver
  }

  var subject: Subject
  /// `PASSED`, `WARNED` (a pass that waivers are part of, or an open verdict that the policy lets pass) or `FAILED`.
  var result: String
  /// Policy, inputs and judges by digest.
  var configuration: [RunSummary.InputIdentity]
  var passed: [String]
  /// Undecided, waived and advisory checks.
  var warned: [String]
  var failed: [String]
  var run: String
  var verdict: String
  /// Of the resolved policy and every input.
  var digest: String
  var inputs: [RunSummary.InputIdentity]
  var ledgerHead: String
  /// When the run ended, seconds since 1970.
  var finished: Double
  var waived: [Waived]
  var software: String

  /// - Throws: `SluiceError` (usage) for a run whose candidate nothing identifies.
  init(_ summary: RunSummary, finished: Double) throws {
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
    self.subject = subject
    let checks = summary.checks
    waived = checks.filter(\.isWaived).compactMap { check in check.waiver.map { Waived(check: check.name, waiver: $0) }
    }
    result =
      switch (summary.verdict, summary.exitCode) {
      case (.pass, _): waived.isEmpty ? "PASSED" : "WARNED"
      case (.inconclusive, ExitCode.pass.rawValue): "WARNED"
      default: "FAILED"
      }
    inputs = summary.policy.inputs ?? []
    configuration =
      [
        RunSummary.InputIdentity(use: "policy", path: summary.policy.path, hash: summary.policy.hash),
        RunSummary.InputIdentity(use: "resolved policy and inputs", path: "", hash: digest),
      ] + inputs
      + summary.judges.map {
        RunSummary.InputIdentity(use: "\($0.use) judge", path: $0.name, hash: SHA256.hex($0.fingerprint))
      }
    passed = checks.filter { $0.verdict == .pass }.map(\.name)
    warned = checks.filter { $0.verdict == .inconclusive || ($0.verdict == .fail && !$0.decides) }.map(\.name)
    failed = checks.filter { $0.verdict == .fail && $0.decides }.map(\.name)
    run = summary.run
    verdict = summary.verdict.rawValue
    self.digest = digest
    ledgerHead = summary.evidence.headHash
    self.finished = finished
    software = summary.evidence.software ?? sluiceVersion
  }

  // MARK: - JSON

  var json: [UInt8] {
    func text(_ key: String, _ value: String) -> JSON.Member { JSON.Member(key, .string(value)) }
    func digest(_ algorithm: String, _ value: String) -> JSON.Member {
      JSON.Member("digest", .object([text(algorithm, value)]))
    }
    let resources = configuration.map { file in
      JSON.object(
        [text("name", file.use), digest("sha256", file.hash)] + (file.path.isEmpty ? [] : [text("uri", file.path)]))
    }
    let waivers = waived.map { entry in
      JSON.object([
        text("check", entry.check), text("reason", entry.waiver.reason), text("owner", entry.waiver.owner),
        text("until", entry.waiver.until),
      ])
    }
    let own = JSON.object([
      text("run", run), text("verdict", verdict), text("digest", self.digest),
      JSON.Member(
        "inputs",
        .array(inputs.map { .object([text("use", $0.use), text("path", $0.path), text("hash", $0.hash)]) })),
      text("ledgerHead", ledgerHead), JSON.Member("finished", .number(finished)),
      JSON.Member("waivers", .array(waivers)),
      text("version", software),
    ])
    return JSON.object([
      text("_type", Self.type),
      JSON.Member(
        "subject", .array([.object([text("name", subject.name), digest(subject.algorithm, subject.digest)])])),
      text("predicateType", Self.predicateType),
      JSON.Member(
        "predicate",
        .object([
          text("result", result), JSON.Member("configuration", .array(resources)),
          JSON.Member("passedTests", .strings(passed)), JSON.Member("warnedTests", .strings(warned)),
          JSON.Member("failedTests", .strings(failed)), JSON.Member("sluice", own),
        ])),
    ]).serializedBytes()
  }

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
    func texts(_ json: JSON, _ key: String) throws -> [String] {
      try list(json, key).map { value in
        guard let text = value.string else { throw fault }
        return text
      }
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
    configuration = try list(predicate, "configuration").map { resource in
      .init(
        use: try text(resource, "name"), path: (try? text(resource, "uri")) ?? "",
        hash: try text(try member(resource, "digest"), "sha256"))
    }
    passed = try texts(predicate, "passedTests")
    warned = try texts(predicate, "warnedTests")
    failed = try texts(predicate, "failedTests")
    run = try text(own, "run")
    verdict = try text(own, "verdict")
    digest = try text(own, "digest")
    inputs = try list(own, "inputs").map {
      .init(use: try text($0, "use"), path: try text($0, "path"), hash: try text($0, "hash"))
    }
    ledgerHead = try text(own, "ledgerHead")
    guard let time = try member(own, "finished").double else { throw fault }
    finished = time
    waived = try list(own, "waivers").map {
      Waived(
        check: try text($0, "check"),
        waiver: .init(reason: try text($0, "reason"), owner: try text($0, "owner"), until: try text($0, "until")))
    }
    software = try text(own, "version")
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
