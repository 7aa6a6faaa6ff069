import Core
import Foundation
import LanguageModels

/// What `sluice attacker prepare` did, for people and for programs.
public struct PreparationReport: Codable, Sendable {
  /// What became of the prompts.
  public struct Data: Codable, Sendable {
    /// Prompts that only repeated another, case and blanks aside; they were left out.
    public let duplicates: Int
    /// Distinct prompts that the model was trained on.
    public let trainingPrompts: Int
    /// Distinct prompts that were held out.
    public let validationPrompts: Int
    /// End tokens included.
    public let trainingTokens: Int
    /// Tokens of the held-out prompts, end tokens included.
    public let validationTokens: Int
    /// Prompts longer than the limit.
    public let cutPrompts: Int
  }

  /// The version of Sluice that did it.
  public let version: String
  /// Folder of the checkpoint that was trained.
  public let base: String
  /// Digest of its files.
  public let baseFingerprint: String
  /// File of the seed prompts.
  public let prompts: String
  /// SHA-256 of that file, hexadecimal.
  public let promptsHash: String
  /// Nil where no epoch was better than the base, so nothing was written.
  public let output: String?
  /// As `sluice model inspect` and ledgers give it.
  public let outputFingerprint: String?
  /// How the model was trained.
  public let settings: AttackerPreparation.Settings
  /// What became of the prompts.
  public let data: Data
  /// Losses by epoch; the first entry is the untrained model.
  public let epochs: [FineTuning.Epoch]
  /// Number of the epoch whose weights were kept.
  public let best: Int
  /// Why training ended.
  public let ending: FineTuning.Ending
  /// e to the held-out loss, before and at the best epoch.
  public let perplexityBefore: Double
  /// e to the held-out loss at the best epoch.
  public let perplexityAfter: Double
  /// Samples of the result.
  public let samples: [String]

  /// Puts together what was done and the files that it was done with; `output` nil where nothing was written.
  public init(
    _ result: AttackerPreparation.Result, settings: AttackerPreparation.Settings,
    base: (path: String, fingerprint: String), prompts: (path: String, hash: String),
    output: (path: String, fingerprint: String)?
  ) {
    version = sluiceVersion
    self.base = base.path
    baseFingerprint = base.fingerprint
    self.prompts = prompts.path
    promptsHash = prompts.hash
    self.output = output?.path
    outputFingerprint = output?.fingerprint
    self.settings = settings
    data = result.data
    epochs = result.outcome.epochs
    best = result.outcome.best.number
    ending = result.outcome.ending
    perplexityBefore = exp(result.outcome.epochs[0].validationLoss)
    perplexityAfter = exp(result.outcome.best.validationLoss)
    samples = result.samples
  }
}

extension PreparationReport {
  /// The report as Markdown.
  public var markdown: String {
    var lines = [
      "# Reference attacker: \(output.map(code) ?? "nothing was written")", "", summary, "",
      "| | |", "| --- | --- |", "| base | \(code(base)) |", "| base sha256 | `\(baseFingerprint)` |",
      "| seed prompts | \(code(prompts)) |", "| seed prompts sha256 | `\(promptsHash)` |",
    ]
    if let output, let outputFingerprint {
      lines += ["| output | \(code(output)) |", "| output sha256 | `\(outputFingerprint)` |"]
    }
    lines += [
      "| trained | \(trained) |",
      "| prompts | \(data.trainingPrompts) for training (\(data.trainingTokens) tokens), \(data.validationPrompts) "
        + "held out (\(data.validationTokens) tokens); \(data.duplicates) repeated, \(data.cutPrompts) cut |",
      "| batch, learning rate | \(settings.tuning.batch), \(settings.tuning.learningRate) |",
      "| seed, version | \(settings.tuning.seed), \(version) |", "",
      "| epoch | training loss | held-out loss | held-out perplexity |", "| ---: | ---: | ---: | ---: |",
    ]
    for epoch in epochs {
      let mark = epoch.number == best ? " **best**" : ""
      lines.append(
        "| \(epoch.number)\(mark) | \(epoch.trainingLoss.map(Self.loss) ?? "–") | \(Self.loss(epoch.validationLoss)) | "
          + "\(Self.loss(exp(epoch.validationLoss))) |")
    }
    lines += [
      "", "Losses are means a token, natural logarithm; the training loss is taken while the weights change.", "",
      "## Samples at temperature 1", "",
    ]
    // Indented, so that nothing in a sample is markup.
    lines += samples.map { "    " + $0.split(whereSeparator: \.isNewline).joined(separator: " ⏎ ") }
    return lines.joined(separator: "\n") + "\n"
  }

  /// One sentence on how it went.
  public var summary: String {
    let change = "held-out perplexity \(Self.loss(perplexityBefore)) → \(Self.loss(perplexityAfter))"
    let last = epochs.count - 1
    let end =
      switch ending {
      case .finished: "after all \(last) epochs"
      case .stoppedEarly: "stopped after epoch \(last), since the held-out loss no longer fell"
      case .interrupted: "interrupted after epoch \(last)"
      }
    if best == 0 {
      return "No epoch was better than the base (\(end)): held-out perplexity \(Self.loss(perplexityBefore))."
    }
    return "Best of epoch \(best), \(end): \(change)."
  }

  private var trained: String {
    switch settings.trained {
    case .allWeights: "all weights"
    case .adapter(let rank, let alpha, let projections):
      "LoRA, rank \(rank), α \(alpha), " + (projections.map { $0.joined(separator: ", ") } ?? "all projections")
    }
  }

  private func code(_ path: String) -> String { "`" + path.replacing("`", with: "'").replacing("|", with: "\\|") + "`" }

  private static func loss(_ value: Double) -> String { String(format: "%.4f", value) }
}
