import Core
import Foundation
import LanguageModels

/// What `sluice attacker prepare` did, for people and for programs.
public struct PreparationReport: Codable, Sendable {
  public struct Data: Codable, Sendable {
    /// Prompts that only repeated another, case and blanks aside; they were left out.
    public let duplicates: Int
    public let trainingPrompts: Int
    public let validationPrompts: Int
    /// End tokens included.
    public let trainingTokens: Int
    public let validationTokens: Int
    /// Prompts longer than the limit.
    public let cutPrompts: Int
  }

  public let version: String
  public let base: String
  public let baseFingerprint: String
  public let prompts: String
  public let promptsHash: String
  /// Nil where no epoch was better than the base, so nothing was written.
  public let output: String?
  /// As `sluice model inspect` and ledgers give it.
  public let outputFingerprint: String?
  public let settings: AttackerPreparation.Settings
  public let data: Data
  public let epochs: [FineTuning.Epoch]
  public let best: Int
  public let ending: FineTuning.Ending
  /// e to the held-out loss, before and at the best epoch.
  public let perplexityBefore: Double
  public let perplexityAfter: Double
  public let samples: [String]

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
