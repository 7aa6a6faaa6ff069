import Attackers
import Core
import Decisions
import Evidence
import Foundation
import LanguageModels
import Policies
import SafetyTuning
import Suites

/// What the `attacker` commands do.
public enum AttackerTools {
  /// What `sluice attacker prepare` was asked for.
  public struct Preparation: Sendable {
    /// Folder of the checkpoint to start from.
    public var checkpoint: String
    /// File of the prompts to train on.
    public var prompts: String
    /// Folder that the prepared checkpoint goes into.
    public var output: String
    /// How it is trained.
    public var settings: AttackerPreparation.Settings
    /// Whether the output of an adapter is the merged model, with the adapter in a folder inside.
    public var merges = false
    /// Type of the numbers that are written.
    public var dtype = SafetensorsWriter.DataType.f32
    /// Whether an older checkpoint may be replaced.
    public var replaces = false

    public init(checkpoint: String, prompts: String, output: String, settings: AttackerPreparation.Settings) {
      self.checkpoint = checkpoint
      self.prompts = prompts
      self.output = OutputFolder.trimmed(output)
      self.settings = settings
    }

    fileprivate var writesAdapterAlone: Bool {
      if case .adapter = settings.trained { !merges } else { false }
    }

    /// Beside the output, not in it: what a checkpoint is mustn't depend on what is written about it.
    public var reportFiles: (markdown: String, json: String) { (output + ".report.md", output + ".report.json") }
  }

  /// Fine-tunes a checkpoint on seed prompts; the best version so far is on disk at any time.
  ///
  /// A cancelled task ends after the step under way; its report tells so.
  /// - Throws: `SluiceError` (usage) for files that can't be used, `PolicyErrors` for prompts that can't.
  public static func prepare(_ asked: Preparation, progress: @escaping ProgressSink) async throws -> PreparationReport {
    let flag = CancellationFlag()
    return try await withTaskCancellationHandler {
      try await offPool { try prepare(asked, isCancelled: { flag.isSet }, progress: progress) }
    } onCancel: {
      flag.set()
    }
  }

  private static func prepare(
    _ asked: Preparation, isCancelled: () -> Bool, progress: @escaping ProgressSink
  ) throws -> PreparationReport {
    try OutputFolder.check(asked.output, replaces: asked.replaces, inputs: [asked.checkpoint, asked.prompts])
    var outputs = OutputPlan()
    outputs.keep("the checkpoint", asked.checkpoint)
    outputs.keep("the file of seed prompts", asked.prompts)
    try outputs.check(
      reports: [asked.reportFiles.markdown, asked.reportFiles.json].map {
        OutputPlan.Output(key: "the report beside the output", path: $0)
      })
    let prompts = try SeedPrompts.read(asked.prompts)
    let promptsHash = try SHA256.hex(file: asked.prompts)
    let adapted = try AdaptedCheckpoint.at(asked.checkpoint)
    if !asked.writesAdapterAlone, (adapted?.base ?? asked.checkpoint).hasSuffix(".gguf") {
      throw SluiceError.badInput(
        "a whole model can't be written from a GGUF file, whose tokenizer has no Hugging Face form",
        file: asked.checkpoint, remedy: "Use --lora without --merge, or name the model's Hugging Face folder.")
    }
    if asked.writesAdapterAlone, adapted != nil {
      throw SluiceError.badInput(
        "an adapter can't be the base of another", file: asked.checkpoint,
        remedy: "Add --merge, or merge this one first: sluice model merge.")
    }
    var precision = WeightPrecision.float32
    if case .adapter = asked.settings.trained { precision = .frozen }
    let model = try CausalLanguageModel.load(folder: asked.checkpoint, precision: precision)
    let fingerprint = try CheckpointIdentity.fingerprint(asked.checkpoint)
    let preparation = try AttackerPreparation(
      model, prompts: prompts, settings: asked.settings,
      workers: max(1, ProcessInfo.processInfo.activeProcessorCount))
    let stage = "prepare"
    progress(.stageBegan(name: stage, total: nil))
    var note = ""
    let result = try preparation.run(isCancelled: isCancelled) { event in
      switch event {
      case .step(let done, let total, let loss):
        progress(
          .advanced(
            stage: stage, done: done, total: total, unit: "steps", note: "loss \(rounded(loss))" + note))
      case .epoch(let epoch, let isBest):
        note = ", held out \(rounded(epoch.validationLoss))"
        let training = epoch.trainingLoss.map { "training loss \(rounded($0)), " } ?? "before training: "
        progress(
          .notice(
            "epoch \(epoch.number): \(training)held-out loss \(rounded(epoch.validationLoss))"
              + (isBest && epoch.number > 0 ? ", the best so far" : "")))
      }
    } keep: { version in
      try write(version, asked)
    }
    let isWritten = result.outcome.best.number > 0
    let report = PreparationReport(
      result, settings: asked.settings, base: (asked.checkpoint, fingerprint), prompts: (asked.prompts, promptsHash),
      output: isWritten ? (asked.output, try CheckpointIdentity.fingerprint(asked.output)) : nil)
    try write(report, asked)
    progress(.stageEnded(name: stage, detail: report.summary))
    return report
  }

  private static func write(_ version: AttackerPreparation.Version, _ asked: Preparation) throws {
    try CheckpointFolder.replace(asked.output) { draft in
      let template = version.model.promptTemplate
      let base = try AdaptedCheckpoint.at(asked.checkpoint)?.base ?? asked.checkpoint
      if asked.writesAdapterAlone, let adapter = version.adapter {
        try AdaptedCheckpoint.write(
          adapter, base: AdaptedCheckpoint.name(of: base, from: asked.output), promptTemplate: template, to: draft)
        return
      }
      try CheckpointFolder.copyTokenizer(from: base, to: draft)
      try version.model.save(folder: draft, dtype: asked.dtype)
      if let adapter = version.adapter {
        try AdaptedCheckpoint.write(
          adapter, base: AdaptedCheckpoint.name(of: base, from: asked.output + "/adapter"), promptTemplate: template,
          to: draft + "/adapter")
      }
    }
  }

  private static func write(_ report: PreparationReport, _ asked: Preparation) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let files = [
      (asked.reportFiles.markdown, Array(report.markdown.utf8)),
      (asked.reportFiles.json, [UInt8](try encoder.encode(report)) + [UInt8(ascii: "\n")]),
    ]
    for (path, bytes) in files {
      // Where no epoch was better than the base, nothing has made the folder yet.
      try OutputFile.makeFolder(of: path, what: "the report")
      try OutputFile.write(bytes, to: path, what: "the report")
    }
  }

  private static func rounded(_ value: Double) -> Double { (value * 10_000).rounded() / 10_000 }
}
