import Core
import Foundation
import Kinds
import LanguageModels
import Policies
import Reports

/// Holds the files that a command is to write against those that must survive, before anything is touched.
struct OutputPlan {
  /// A file to write.
  struct Output {
    /// How its owner calls it: a policy's key or an option.
    let key: String
    let path: String
    /// Where the policy names it.
    var place: SourceLocation?
    /// What writes it; nil for what is no report of a run.
    var reporter: Reporter?
  }

  private struct Kept {
    let what: String
    let place: FilePlace
  }

  private var kept: [Kept] = []

  init() {}

  /// - Parameter ledger: its path; the files that go with it are kept, too.
  init(ledger: String) { keepLedger(ledger) }

  mutating func keep(_ what: String, _ path: String?) {
    if let path, !path.isEmpty { kept.append(Kept(what: what, place: FilePlace(path))) }
  }

  private mutating func keepLedger(_ path: String) {
    keep("the ledger", path)
    // SQLite and the lock go by the name without links.
    let real = FilePlace(path).path
    for suffix in ["-wal", "-shm", "-journal", ".lock", ".backup-unfinished", ".searches"] {
      keep("a part of the ledger (\(suffix))", real + suffix)
    }
    let name = real.lastNameOfPath + ".before-schema-"
    let folder = real.folderOfPath
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)) ?? []
    for file in files where file.utf8.starts(with: name.utf8) { keep("a copy of the ledger", folder + "/" + file) }
  }

  // MARK: - Checks

  /// Whether reports can be written to files: new ones, or ones that hold older reports.
  /// - Throws: `PolicyErrors` (64) with everything that is wrong; `SluiceError`: permission (77).
  func check(reports: [Output]) throws {
    var places: [(key: String, place: FilePlace)] = []
    try collect(reports) { output in
      try check(output)
      let place = FilePlace(output.path)
      if let other = places.first(where: { $0.place.isSame(as: place) && place.status?.isNull != true }) {
        throw SluiceError.badInput(
          "\(output.key) is the same file as \(other.key)", file: output.path, remedy: "Give each its own file.")
      }
      places.append((output.key, place))
      if let status = place.status, status.kind == .regular, status.size > 0,
        !OwnReports.contains(output.path, of: [output.reporter].compactMap(\.self))
      {
        throw SluiceError.badInput(
          "\(output.key): \(output.path) is there already and is no report of Sluice, so it isn't replaced",
          file: output.path, remedy: "Move it elsewhere, or name another file.")
      }
    }
  }

  /// Whether a file can be written that must not be there yet.
  /// - Parameter remedy: what to do where it is.
  /// - Throws: `SluiceError`: usage (64), permission (77).
  func check(new output: Output, remedy: String) throws {
    try OutputFile.checkNew(output.path, what: output.key, remedy: remedy)
    try check(output)
  }

  /// Whether a folder can be made, or is there.
  /// - Throws: `PolicyErrors` (64), `SluiceError`: permission (77).
  func check(folder: Output) throws {
    try collect([folder]) { output in
      let place = FilePlace(output.path)
      if place.status?.kind == .folder { return }
      if let kind = place.status?.kind {
        throw SluiceError.badInput(
          "\(output.key): \(output.path) is \(kind.description), not a folder", file: output.path,
          remedy: "Name a folder.")
      }
      try OutputFile.check(OutputFolder.trimmed(output.path), what: output.key)
    }
  }

  /// Whether a file that has its own reader is none of those that must survive.
  /// - Throws: `PolicyErrors` (64).
  func check(apart output: Output) throws { try collect([output], checkApart) }

  private func check(_ output: Output) throws {
    // What must survive is the better answer where it is a folder or a link, too.
    try checkApart(output)
    try OutputFile.check(output.path, what: "\(output.key) (\(output.path))")
  }

  private func checkApart(_ output: Output) throws {
    let place = FilePlace(output.path)
    for other in kept {
      if place.isSame(as: other.place) { throw refused(output, "is \(other.what)") }
      if place.isVisiblyInside(other.place) { throw refused(output, "would be a part of \(other.what)") }
      if other.place.isInside(place) { throw refused(output, "is a folder that holds \(other.what)") }
    }
  }

  private func refused(_ output: Output, _ why: String) -> SluiceError {
    .badInput("\(output.key): \(output.path) \(why)", file: output.path, remedy: "Name another file.")
  }

  /// Every mistake at its place in the policy; what isn't one (77) is told by itself.
  private func collect(_ outputs: [Output], _ check: (Output) throws -> Void) throws {
    var errors: [SluiceError] = []
    for output in outputs {
      do {
        try check(output)
      } catch let error as SluiceError {
        errors.append(
          SluiceError(error.exitCode, error.message, at: output.place ?? error.location, remedy: error.remedy))
      }
    }
    if errors.contains(where: { $0.exitCode == .usage }) {
      throw PolicyErrors(errors.filter { $0.exitCode == .usage })
    }
    if let error = errors.first { throw error }
  }
}

extension OutputPlan {
  /// What a run of a policy reads must survive it.
  private mutating func keepInputs(of policy: Policy) {
    keep("the policy", policy.path)
    keep("the suite", policy.suite.seeds)
    keep("the harmless questions", policy.suite.benign)
    keep("the control's weaknesses", policy.weaknesses)
    keepCheckpoint("the embedder", policy.embedder)
    keepCheckpoint("the attacker", policy.attacker?.checkpoint)
    for input in policy.attacker?.engine?.recipe.inputs ?? [] { keep("a part of the attacker's", input) }
    keep("the quiz", policy.tuning?.quiz)
    if case .file(let path) = policy.sealing { keep("the ledger's key", path) }
    keep("the harmless prompts", policy.tuning?.benign)
    for input in policy.tuning?.tuner.recipe.inputs ?? [] { keep("a part of the tuner's", input) }
    for judge in [policy.rewardJudge, policy.confirmJudge].compactMap(\.self).flatMap(\.leaves) {
      for input in judge.recipe.inputs { keep("a judge's", input) }
    }
    let targets =
      [policy.candidate, policy.baseline, policy.control].compactMap(\.self) + policy.transfer.map(\.target)
    for target in targets {
      keepCheckpoint("a target's model", target.recipe.checkpoint)
      for input in target.recipe.inputs { keep("a part of a target's", input) }
    }
    keep("this program", CommandLine.arguments.first.flatMap { $0.utf8.contains(UInt8(ascii: "/")) ? $0 : nil })
  }

  private mutating func keep(_ owner: String, _ input: InputFile) {
    let what = "\(owner) \(input.noun)"
    if input.isCheckpoint { keepCheckpoint(what, input.path) } else { keep(what, input.path) }
  }

  private mutating func keepCheckpoint(_ what: String, _ path: String?) {
    keep(what, path)
    if let path, let adapted = try? AdaptedCheckpoint.at(path) { keep(what, adapted.base) }
  }

  /// Whether everything that the policy names to be written can be.
  /// - Throws: `PolicyErrors` (64) at the places in the policy; `SluiceError`: permission (77).
  static func check(_ policy: Policy, keeping more: [(what: String, path: String)] = []) throws {
    var plan = OutputPlan()
    plan.keepInputs(of: policy)
    for (what, path) in more { plan.keep(what, path) }
    try plan.check(apart: Output(key: "ledger.path", path: policy.ledger, place: policy.places["ledger.path"]))
    plan.keepLedger(policy.ledger)
    try plan.check(
      reports: policy.report.outputs.map { Output($0, place: policy.places[$0.key]) })
    if let tuning = policy.tuning {
      try plan.check(folder: Output(key: "tuning.folder", path: tuning.folder, place: policy.places["tuning.folder"]))
    }
  }
}

extension OutputPlan.Output {
  init(_ output: ReportPolicy.Output, place: SourceLocation? = nil) {
    self.init(key: output.key, path: output.path, place: place, reporter: output.reporter)
  }
}
