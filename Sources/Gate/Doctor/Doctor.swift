import Core
import Evidence
import Foundation
import Kinds
import Policies

/// Looks at everything that a run needs, one thing after the other, and says of each whether it is there: nothing is written, and
/// models are asked one harmless question each.
public struct Doctor: Sendable {
  /// What was looked at, and what was seen.
  public struct Finding: Hashable, Codable, Sendable {
    /// What was looked at: a file, a model, the ledger.
    public let subject: String
    /// Whether a run could go on from it.
    public let isFine: Bool
    /// What was seen, one line.
    public let finding: String
    /// What to do about it, one sentence; nil where it is fine.
    public var remedy: String?
    /// The code with which a run would end for it; 0 where it is fine.
    public var exitCode: Int32 = 0
  }

  let policy: String?
  let overrides: [String]
  let environment: [String: String]
  let asksModels: Bool

  /// - Parameters:
  ///   - policy: nil for the machine alone.
  ///   - asksModels: whether models are asked a question.
  public init(
    policy: String?, overrides: [String] = [], environment: [String: String] = ProcessInfo.processInfo.environment,
    asksModels: Bool = true
  ) {
    self.policy = policy
    self.overrides = overrides
    self.environment = environment
    self.asksModels = asksModels
  }

  /// Reports each finding as it is made.
  /// - Throws: `CancellationError`.
  public func examine(_ report: (Finding) throws -> Void) async throws {
    try report(Finding(subject: "Sluice", isFine: true, finding: "version \(sluiceVersion)"))
    try report(
      look("processor") { () throws in
        try requireProcessor()
        let memory = ProcessInfo.processInfo.physicalMemory >> 30
        return "\(ProcessInfo.processInfo.activeProcessorCount) cores, \(memory) GiB of memory"
      })
    try report(
      look("site file") { () throws in
        try Site.load(environment: environment).path.map { "\($0) limits what policies may ask and read" } ?? "none"
      })
    guard let path = policy else { return }
    var loaded: Policy?
    for finding in reading(path, into: &loaded) { try report(finding) }
    guard let policy = loaded else { return }
    try report(
      look("reports") { () throws in
        try OutputPlan.check(policy)
        let files = policy.report.outputs.count
        return files == 0 ? "the policy names none" : "\(files) files can be written"
      })
    try report(
      look("ledger") { () throws in
        try Ledger.requireFitPlace(policy.ledger)
        let preflight = Preflight { _ in }
        try preflight.checkDisk(folder: policy.ledger.folderOfPath, responses: 0)
        return FileManager.default.fileExists(atPath: policy.ledger)
          ? "\(policy.ledger) is there, and private" : "\(policy.ledger) will be made by the first run"
      })
    var assembled: RunPlan?
    try report(
      look("files and keys") { () throws in
        let plan = try Assembly(policy).plan(stages: nil)
        assembled = plan
        try OpenFiles.require(connections: policy.connections)
        return "\(counted(plan.suite.count, "attack")), \(counted(plan.benign.count, "harmless question")), "
          + counted(plan.participants.count, "model")
      })
    guard let plan = assembled, asksModels else { return }
    try await models(of: plan, report)
  }

  private func models(of plan: RunPlan, _ report: (Finding) throws -> Void) async throws {
    let preflight = Preflight { _ in }
    for participant in plan.participants {
      let subject = "\(participant.role)"
      if let server = participant.server {
        try report(
          Finding(
            subject: subject, isFine: true,
            finding:
              "a run starts \(server.executable), and waits up to \(server.serving.timeout.components.seconds) s "
              + "for \(server.serving.ready)"))
        continue
      }
      try report(
        try await look(subject) {
          try await preflight.probe([participant])
          let signs = try await participant.target.signs().lines
          return "\(participant.name) answers" + (signs.isEmpty ? "" : " (\(signs.joined(separator: ", ")))")
        })
    }
    for judge in plan.remoteJudges {
      try report(
        try await look("judge") {
          try await preflight.probe([judge])
          return "\(judge.name) answers"
        })
    }
  }

  /// One finding for each thing that is wrong with a policy; one where nothing is.
  private func reading(_ path: String, into policy: inout Policy?) -> [Finding] {
    do {
      let read = try Policy.known(path: path, overrides: overrides)
      policy = read
      return [Finding(subject: "policy", isFine: true, finding: "\(path): \(read.name), \(read.checks.count) checks")]
    } catch let errors as PolicyErrors {
      return errors.errors.map { Self.finding("policy", $0) }
    } catch {
      return [Self.finding("policy", error)]
    }
  }

  private func look(_ subject: String, _ body: () throws -> String) -> Finding {
    do {
      return Finding(subject: subject, isFine: true, finding: try body())
    } catch {
      return Self.finding(subject, error)
    }
  }

  /// - Throws: `CancellationError`.
  private func look(_ subject: String, _ body: () async throws -> String) async throws -> Finding {
    do {
      return Finding(subject: subject, isFine: true, finding: try await body())
    } catch is CancellationError {
      throw CancellationError()
    } catch {
      return Self.finding(subject, error)
    }
  }

  private static func finding(_ subject: String, _ error: any Error) -> Finding {
    let known = error as? SluiceError ?? (error as? PolicyErrors)?.errors.first
    let place = known?.location.map { "\($0): " } ?? ""
    return Finding(
      subject: subject, isFine: false, finding: known.map { place + $0.message } ?? "\(error)", remedy: known?.remedy,
      exitCode: (known?.exitCode ?? .internalError).rawValue)
  }
}
