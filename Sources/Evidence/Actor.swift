import Core
import Foundation
import GRDB

/// Who acts on a ledger, as far as the machine knows: user, host and, in a pipeline, job and commit.
public struct LedgerActor: Hashable, Codable, Sendable {
  /// The account that the process runs under.
  public var user: String
  /// The machine's name.
  public var host: String
  /// The address or name of the CI job; nil outside of one.
  public var job: String?
  /// The commit that the pipeline works on; nil outside of one.
  public var commit: String?
  /// What the person calls themselves, where an address of their own let them in; nil elsewhere.
  public var name: String?

  public init(user: String, host: String, job: String? = nil, commit: String? = nil, name: String? = nil) {
    self.user = user
    self.host = host
    self.job = job
    self.commit = commit
    self.name = name
  }

  /// The user of this process. Variables of the usual CI systems (GitLab, GitHub, Jenkins, Azure, Buildkite, CircleCI) name the
  /// job; they are the job's own word.
  public static func current(
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> LedgerActor {
    func first(_ names: String...) -> String? {
      names.compactMap { environment[$0] }.first { !$0.isEmpty }.map { String($0.prefix(400)) }
    }
    var job = first("CI_JOB_URL", "BUILDKITE_BUILD_URL", "CIRCLE_BUILD_URL", "BUILD_URL")
    if job == nil, let server = first("GITHUB_SERVER_URL"), let repository = first("GITHUB_REPOSITORY"),
      let run = first("GITHUB_RUN_ID")
    {
      job = "\(server)/\(repository)/actions/runs/\(run)"
    }
    return LedgerActor(
      user: userName, host: ProcessInfo.processInfo.hostName, job: job ?? first("BUILD_BUILDID"),
      commit: first(
        "GITHUB_SHA", "CI_COMMIT_SHA", "GIT_COMMIT", "BUILDKITE_COMMIT", "CIRCLE_SHA1", "BUILD_SOURCEVERSION"))
  }

  /// By the system's own list of users; a number where it has none.
  private static var userName: String {
    guard let entry = getpwuid(getuid()), let name = entry.pointee.pw_name else { return "\(getuid())" }
    return String(cString: name)
  }
}

/// What the audit chain says of somebody's act: JSON, so that any text can stand in it.
public struct LedgerAct: Hashable, Codable, Sendable {
  /// Who acted.
  public var who: LedgerActor
  /// What for, in the person's own words; nil where none were asked for.
  public var reason: String?
  /// What it is about: an attack's identifier, a run's, a file.
  public var subject: String
  /// Rows or texts that it concerned; nil where it isn't counted.
  public var count: Int?

  public init(who: LedgerActor, reason: String?, subject: String, count: Int? = nil) {
    self.who = who
    self.reason = reason
    self.subject = subject
    self.count = count
  }
}

/// One event of the audit chain, for reading.
public struct LedgerEvent: Hashable, Codable, Sendable {
  /// Number of its record.
  public let sequence: Int
  /// Seconds since 1970.
  public let at: Double
  /// What happened: the name of an act, or of a step of a run.
  public let kind: String
  /// What it concerned: JSON or a sentence, by its kind.
  public let detail: String
}

extension Ledger {
  /// Kinds of acts.
  public static let revealed = "revealed"
  /// Responses left the ledger for a file.
  public static let exported = "exported"
  /// Somebody looked through the texts of attacks.
  public static let searched = "searched"

  /// Appends what somebody does to the audit chain.
  /// - Parameter now: seconds since 1970.
  public func note(_ kind: String, _ act: LedgerAct, now: Double) throws {
    try record(kind: kind, detail: try jsonText(act), now: now)
  }

  /// Whether texts were ever purged.
  public func wasPurged() throws -> Bool {
    try read { db in
      try Int.fetchOne(db, sql: "SELECT 1 FROM audit WHERE kind = ? LIMIT 1", arguments: [Self.purgeEvent]) != nil
    }
  }

  /// The chain's events, newest last; what it says of rows is left out.
  public func events(limit: Int) throws -> [LedgerEvent] {
    try read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT sequence, at, \(ExactText.read("kind", "detail")) FROM audit WHERE kind <> ?
          ORDER BY sequence DESC LIMIT ?
          """, arguments: [RowRecord.kind, limit]
      ).map { row in
        LedgerEvent(
          sequence: try row.get("sequence"), at: try row.get("at"), kind: try row.exactText("kind"),
          detail: try row.exactText("detail"))
      }.reversed()
    }
  }
}
