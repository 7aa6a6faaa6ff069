import Core
import Foundation
import Kinds
import Targets

/// Any trainer, started as a program: a script, `torchrun`, Slurm's `srun`, `kubectl`.
///
/// It learns what to do from its arguments, where `{data}`, `{output}`, `{model}`, `{variant}` and `{seed}` are replaced,
/// or from its environment: `SLUICE_TRAINING_FILE`, `SLUICE_OUTPUT_FOLDER`, `SLUICE_BASE_MODEL`, `SLUICE_VARIANT`,
/// `SLUICE_SEED`. Its last line on standard output is the result: a checkpoint folder (from the output folder, the
/// working directory or the root) or the name under which the candidate's server serves the model.
public struct CommandTuner: Tuner {
  /// Which program tunes, and within which bounds.
  public struct Settings: Hashable, Sendable {
    /// Nil waits for ever.
    public var timeLimit: Duration? = .seconds(6 * 3600)
    /// Between asking the trainer to end and ending it.
    public var grace = Duration.seconds(10)
    /// Names of the variables that the trainer inherits beside those that any program needs.
    public var variables: [String] = []
    /// Added to the environment that the trainer inherits.
    public var environment: [String: String] = [:]
    /// Takes secrets out of what the trainer says.
    public var redactor = Redactor()
    /// Bytes of the log; a longer one keeps its beginning and its end.
    public var logBytes = 64 << 20

    public init() {}
  }

  public let kind = "command"
  public let fingerprint: String
  private let executable: String
  private let command: [String]
  private let baseModel: String
  private let settings: Settings
  private let environment: [String: String]
  /// The policy's secrets and what the trainer's variables hold of the kind.
  private let secrets: Redactor

  /// - Parameters:
  ///   - command: program and arguments; a program without a slash is looked for along `PATH`. No shell is involved.
  ///   - baseModel: folder or name of the model to tune, handed on as it is.
  ///   - environment: what the trainer inherits some of: `Settings.variables`, and what any program needs.
  /// - Throws: `SluiceError` (64) where there is no such program.
  public init(
    command: [String], baseModel: String, settings: Settings = Settings(),
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws {
    self.command = command
    self.baseModel = baseModel
    self.settings = settings
    self.environment = ProgramEnvironment.variables(of: environment, named: settings.variables)
      .merging(settings.environment) { $1 }
    secrets = settings.redactor.union(self.environment.filter { WebAddress.namesSecret($0.key) }.map(\.value))
    executable = try ExecutablePath.find(
      command.first ?? "", what: "the tuner's command", path: self.environment["PATH"])
    let added = settings.environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    fingerprint =
      "command|"
      + JSON.array(
        [.strings(command), .string(baseModel), .strings(added)]
          + (settings.variables.isEmpty ? [] : [.strings(settings.variables.sorted())])
      ).serialized()
  }

  public func tune(_ job: TuningJob, progress: @escaping @Sendable (String) -> Void) async throws -> TunedModel {
    guard !job.data.examples.isEmpty else { throw TuningFailure(.noData, "the data set has no example") }
    let identity = job.identity(fingerprint)
    if let known = try TrainerResult.read(folder: job.folder), known.identity == identity, known.isThere {
      progress("already tuned")
      return known.model
    }
    let training = Training(job)
    try training.prepare()
    let cancelled = CancellationFlag()
    let outcome = try await withTaskCancellationHandler {
      try await offPool(named: "sluice-tuner") { try run(training, cancelled: cancelled, progress: progress) }
    } onCancel: {
      cancelled.set()
    }
    let model = try result(of: outcome, training)
    try TrainerResult(identity: identity, model: model).write(folder: job.folder)
    return model
  }

  /// What one run of the trainer is about.
  private struct Training {
    let job: TuningJob
    let folder: String
    var data: String { "\(folder)/\(TuningData.fileName)" }
    var output: String { folder + "/output" }
    var log: String { folder + "/tuner.log" }

    init(_ job: TuningJob) {
      self.job = job
      folder = job.absoluteFolder
    }

    /// What an interrupted trainer left in its output folder stays: it may go on from there.
    func prepare() throws {
      do {
        try FileManager.default.createDirectory(
          atPath: output, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      } catch {
        throw SluiceError(
          .usage, "can't make the trainer's output folder: \(error.localizedDescription)",
          at: SourceLocation(file: output))
      }
    }
  }

  private func run(
    _ training: Training, cancelled: CancellationFlag, progress: (String) -> Void
  ) throws -> LoggedProcess.Outcome {
    let lock = try TrainerLock(folder: training.folder, patience: settings.grace + .seconds(5), cancelled: cancelled)
    let log = try BoundedLog(
      path: training.log, what: "the trainer's log", limit: settings.logBytes, redactor: secrets)
    defer { log.close() }
    let values = [
      ("data", "TRAINING_FILE", training.data), ("output", "OUTPUT_FOLDER", training.output),
      ("model", "BASE_MODEL", baseModel), ("variant", "VARIANT", training.job.variant),
      ("seed", "SEED", String(training.job.seed)),
    ]
    var environment = environment
    for (_, name, value) in values { environment["SLUICE_" + name] = value }
    let known = Dictionary(uniqueKeysWithValues: values.map { ($0.0, $0.2) })
    progress("the trainer has started; its log is \(training.log)")
    return try withExtendedLifetime(lock) {
      try LoggedProcess(
        executable: executable, arguments: command.map { Self.filled($0, known) }, what: "the tuner's command",
        environment: environment, standardInput: lock.descriptor, timeLimit: settings.timeLimit, grace: settings.grace
      ).run(isCancelled: { cancelled.isSet }, said: log.append)
    }
  }

  /// Replaces what stands in braces and is known, in one pass: a value that holds braces stays as it is.
  static func filled(_ argument: String, _ values: [String: String]) -> String {
    var result = ""
    var rest = argument[...]
    while let open = rest.firstIndex(of: "{") {
      result += rest[..<open]
      rest = rest[open...]
      if let close = rest.firstIndex(of: "}"), let value = values[String(rest[rest.index(after: open)..<close])] {
        result += value
        rest = rest[rest.index(after: close)...]
      } else {
        result.append(rest.removeFirst())
      }
    }
    return result + rest
  }

  // MARK: - Result

  private func result(of outcome: LoggedProcess.Outcome, _ training: Training) throws -> TunedModel {
    switch outcome.stop {
    case .cancelled: throw CancellationError()
    case .timeLimit:
      throw TuningFailure(
        .timedOut,
        "the trainer was ended after \(settings.timeLimit?.components.seconds ?? 0) s; its log is \(training.log)")
    case nil: break
    }
    if let how = outcome.ending.failure {
      let said = lastWords(outcome.lastError, training.job).map { ": \($0)" } ?? ""
      throw TuningFailure(.crashed, "the trainer \(how), its log is \(training.log)" + said)
    }
    guard let line = outcome.lastOutput else {
      throw TuningFailure(
        .noModel, "the trainer ended well and printed neither a folder nor a name; its log is \(training.log)")
    }
    guard let text = line.text else {
      throw TuningFailure(
        .noModel, "the trainer's last line is too long or not UTF-8; its log is \(training.log)")
    }
    return try model(text, training)
  }

  private func model(_ text: String, _ training: Training) throws -> TunedModel {
    let candidates =
      text.hasPrefix("/")
      ? [text] : ["\(training.output)/\(text)", "\(FileManager.default.currentDirectoryPath)/\(text)"]
    var isFile = false
    for path in candidates {
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { continue }
      if isFolder.boolValue { return .checkpoint(URL(fileURLWithPath: path).standardizedFileURL.path) }
      isFile = true
    }
    if isFile { throw TuningFailure(.noModel, "the trainer named a file, which is no checkpoint folder") }
    if ["/", "./", "../", "~"].contains(where: text.hasPrefix) {
      throw TuningFailure(.noModel, "the trainer named a folder that isn't there; its log is \(training.log)")
    }
    guard ServedModelName.isUsable(text), secrets.redacted(text) == text else {
      throw TuningFailure(
        .noModel, "the trainer's last line is neither a folder nor a model's name; its log is \(training.log)")
    }
    return .served(text)
  }

  /// The last line on standard error, where it gives nothing away.
  private func lastWords(_ line: LastLine.Line?, _ job: TuningJob) -> String? {
    guard let text = line?.text, text.count <= 240 else { return nil }
    return ForeignMessage(secrets.redacted(text), privateTexts: job.privateTexts)?.text
  }
}

extension TunerKind {
  static let command = TunerKind(
    name: "command", summary: "any trainer", provision: "with a trainer of your own",
    keys: [
      PolicyKey(
        name: "command", shape: .list(.text), required: true,
        help: "Program and arguments; {data}, {output}, {model}, {variant} and {seed} are replaced. It prints the path "
          + "or name of the result on its last line.", example: "[python3, train.py, '{data}', '{output}']"),
      PolicyKey(
        name: "env", shape: .list(.passedVariable),
        help:
          "Environment variables that the command gets (CUDA_VISIBLE_DEVICES, HF_TOKEN, SLURM_JOB_ID, …). Of the others it gets "
          + "only \(ProgramEnvironment.usual)."),
      timeLimit,
    ], tunes: { _ in true }
  ) { section, _ in
    var settings = CommandTuner.Settings()
    settings.timeLimit = section.duration("time_limit")
    settings.variables = section.list("env")
    return CommandTuner.Recipe(command: section.list("command"), settings: settings)
  }
}

extension CommandTuner {
  struct Recipe: TunerRecipe {
    let command: [String]
    let settings: Settings

    /// Arguments may be scripts that are read; what is no regular file stands for something else.
    var inputs: [InputFile] {
      command.filter { FileStatus($0, followsLinks: true)?.kind == .regular }.map { InputFile("command", path: $0) }
    }

    func make(tuning candidate: TargetChoice, _ context: TargetContext) throws -> any Tuner {
      var settings = settings
      settings.redactor = context.redactor
      return try CommandTuner(command: command, baseModel: candidate.name, settings: settings)
    }
  }
}
