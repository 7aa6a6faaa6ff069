import Core
import Evidence
import Foundation
import Policies

/// Signs verdicts, and holds signed ones against what a deployment trusts.
public enum Attestation {
  /// Signs the verdict of a run. The ledger is held against its audit chain first, and notes who signed.
  ///
  /// - Parameters:
  ///   - run: a run's identifier, or `last`.
  ///   - path: a new file.
  /// - Returns: the run.
  /// - Throws: `SluiceError` (usage) for a run without a verdict or whose candidate nothing identifies, and for a ledger that isn't
  ///   what its chain says.
  public static func sign(
    run: String, ledger path: String, key: SigningKey, to file: String, who: LedgerActor = .current(),
    now: Date = Date()
  ) throws -> RunSummary {
    let ledger = try Ledger(existing: path)
    try OutputPlan(ledger: ledger.path).check(
      new: OutputPlan.Output(key: "--out", path: file), remedy: "Name another with --out.")
    let (record, summary) = try ledger.finished(run)
    if let finding = try ledger.verification(heads: [summary.evidence.headHash]).findings.first {
      throw SluiceError(
        .usage, "the ledger is not what its audit chain says, so nothing in it is signed: \(finding)",
        at: SourceLocation(file: path), remedy: "sluice ledger verify \(path) lists everything.")
    }
    let envelope = try Envelope(signing: try Statement.json(summary, finished: record.ended ?? 0), with: key)
    try OutputFile.prepare(file, what: "--out")
    try ledger.note(
      "attested", LedgerAct(who: who, reason: nil, subject: "run \(record.id) with key \(key.publicKey.id)"),
      now: now.timeIntervalSince1970)
    try OutputFile.write(envelope.json, to: file, what: "the attestation", replaces: false)
    return summary
  }

  /// What a deployment trusts.
  public struct Trust: Sendable {
    /// Keys whose signature counts; one of them has to have signed.
    public var keys: [VerifyingKey]
    /// A checkpoint's path, `sha256:…`, `gitCommit:…`, `revision:…`, or a bare digest or revision.
    public var subject: String
    /// A policy's path, or the digest of a run (64 hexadecimal digits), which reports print.
    public var policy: String
    /// `--set` of the run.
    public var overrides: [String]
    /// The `--seed` of the run; nil for the policy's own.
    public var seed: UInt64?
    /// Seconds.
    public var maxAge: Double

    public init(
      keys: [VerifyingKey], subject: String, policy: String, overrides: [String] = [], seed: UInt64? = nil,
      maxAge: Double
    ) {
      self.keys = keys
      self.subject = subject
      self.policy = policy
      self.overrides = overrides
      self.seed = seed
      self.maxAge = maxAge
    }
  }

  /// What a signed verdict says, and what speaks against relying on it.
  public struct Judgment: Sendable {
    /// The run that came to the verdict, by its identifier.
    public let run: String
    /// The model that the verdict is about, as the statement names it.
    public let subject: String
    /// When the run ended.
    public let finished: Date
    /// Checks that failed and were waived, one sentence each.
    public let waived: [String]
    /// Empty where it is a valid, fresh pass of that model under that policy.
    public let objections: [String]
  }

  private static let largest = 16 << 20
  /// Clocks of two machines may differ by this many seconds.
  private static let skew = 300.0

  /// - Throws: `SluiceError` (usage) for a file that is no attestation at all, and a policy or checkpoint that can't be read.
  public static func verify(_ path: String, trust: Trust, now: Date = Date()) throws -> Judgment {
    let bytes = try BoundedFile.read(
      path, what: "the attestation", limit: largest, hint: "Name a file that sluice attest sign wrote.")
    let envelope = try Envelope(bytes, file: path)
    // Nothing of an unsigned payload is even read.
    guard trust.keys.contains(where: { envelope.isSigned(by: $0) }) else {
      return Judgment(
        run: "unknown", subject: "unknown", finished: now, waived: [],
        objections: ["It is not signed by a trusted key, or was changed since."])
    }
    let statement = try Statement(envelope.payload, file: path)
    let objections =
      verdict(statement, now) + (try subject(statement, trust)) + (try policy(statement, trust))
      + age(statement, trust, now)
    return Judgment(
      run: statement.run,
      subject: "\(statement.subject.name) \(statement.subject.algorithm):\(statement.subject.digest)",
      finished: Date(timeIntervalSince1970: statement.finished),
      waived: statement.waived.map {
        "\($0.check) until \($0.waiver.until) by \($0.waiver.owner): \($0.waiver.reason)"
      },
      objections: objections)
  }

  private static func verdict(_ statement: Statement, _ now: Date) -> [String] {
    if statement.isObserved {
      return ["The run only observed (mode: observe), so that its \(statement.verdict) is no gate's verdict."]
    }
    if statement.verdict != Verdict.pass.rawValue || !["PASSED", "WARNED"].contains(statement.result)
      || !statement.failed.isEmpty
    {
      return ["The verdict is \(statement.verdict), not pass."]
    }
    return statement.waived.compactMap { entry in
      guard let end = Waivers.endOfDay(entry.waiver.until), now < end else {
        return "The waiver of \(entry.check) expired on \(entry.waiver.until)."
      }
      return nil
    }
  }

  private static func subject(_ statement: Statement, _ trust: Trust) throws -> [String] {
    let own = statement.subject
    let wanted = try wantedSubject(trust.subject)
    if wanted.algorithm == own.algorithm && wanted.digest == own.digest { return [] }
    return [
      "It is about \(own.name) (\(own.algorithm):\(own.digest)), not \(trust.subject) (\(wanted.algorithm):\(wanted.digest))."
    ]
  }

  private static func wantedSubject(_ text: String) throws -> Statement.Subject {
    for algorithm in ["sha256", "gitCommit"] where text.hasPrefix(algorithm + ":") {
      return Statement.Subject(name: "", algorithm: algorithm, digest: String(text.dropFirst(algorithm.count + 1)))
    }
    if text.hasPrefix("revision:") { return Statement.Subject(name: "", revision: String(text.dropFirst(9))) }
    if FileManager.default.fileExists(atPath: text) {
      return Statement.Subject(name: text, algorithm: "sha256", digest: try CheckpointIdentity.fingerprint(text))
    }
    return Statement.Subject(name: "", revision: text)
  }

  private static func policy(_ statement: Statement, _ trust: Trust) throws -> [String] {
    if trust.policy.count == 64, trust.policy.allSatisfy({ "0123456789abcdef".contains($0) }) {
      return trust.policy == statement.digest ? [] : ["Its policy and inputs are not those of digest \(trust.policy)."]
    }
    let policy = try Policy.known(
      path: trust.policy, overrides: trust.overrides, seed: trust.seed, checksFiles: false)
    guard RunDigest.hex(resolved: policy.lasting, inputs: statement.inputs) == statement.digest else {
      return [
        "It was decided under another policy than \(trust.policy), or other variables, --set or --seed than given here."
      ]
    }
    // What the verdict rests on and is here has to be what it was, models included.
    let known = PolicyInputs.inputs(of: policy)
    let checkpoints = CheckpointShelf()
    return try statement.inputs.compactMap { input in
      guard let kind = FileStatus(input.path, followsLinks: true)?.kind, [.regular, .folder].contains(kind) else {
        return nil
      }
      let named = known.first { $0.use == input.use && $0.path == input.path }
      let file = PolicyInputs.Input(
        use: input.use, path: input.path, isCheckpoint: named?.isCheckpoint ?? (kind == .folder))
      return try file.hash(checkpoints) == input.hash
        ? nil : "\(input.use) (\(input.path)) is not what it was when the verdict was made."
    }
  }

  private static func age(_ statement: Statement, _ trust: Trust, _ now: Date) -> [String] {
    let age = now.timeIntervalSince1970 - statement.finished
    if age < -skew || !age.isFinite { return ["The run ended in the future, by this machine's clock."] }
    return age <= trust.maxAge ? [] : ["It is \(Int(age / 3600)) hours old, which is more than is allowed."]
  }
}
