import ArgumentParser
import Attackers
import Core
import Gate

struct AttackerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "attacker",
    abstract: "Make the model that attacks start from, run it as a worker, test workers.",
    subcommands: [Prepare.self, AttackerServeCommand.self, AttackerConformCommand.self])

  struct Prepare: AsyncParsableCommand, DiagnosedCommand {
    static let configuration = CommandConfiguration(
      commandName: "prepare",
      abstract: "Fine-tune a checkpoint on seed prompts: the reference model of a policy's attacker.",
      discussion: """
        PROMPTS is JSON Lines with 'prompt', as a suite's seeds, or one prompt a line. Repeated prompts count once; a part \
        is held out, its loss is taken after every epoch, and training stops where that no longer falls. OUTPUT holds the \
        best version so far at any time, Ctrl-C included (exit 75). The report is written beside it, as OUTPUT.report.md \
        and OUTPUT.report.json.

        Then: attacker: {checkpoint: OUTPUT} in the policy.

        Examples:
          sluice attacker prepare models/gpt2 --prompts seeds.jsonl \\
            --into models/attacker
          sluice attacker prepare models/gemma-3-270m.gguf --prompts seeds.txt \\
            --into models/attacker --lora
          sluice attacker prepare models/smollm2 --prompts seeds.jsonl \\
            --into models/attacker --lora --merge --dtype bf16
        """)

    @Argument(help: "A Hugging Face folder, or a GGUF file (then with --lora).")
    var checkpoint: String

    @Option(help: "The seed prompts.", completion: .file())
    var prompts: String

    @Option(name: .customLong("into"), help: "The folder to write.")
    var output: String

    @Flag(help: "Train a LoRA adapter, all other weights frozen. OUTPUT is the adapter, in PEFT's layout.")
    var lora = false

    @Flag(help: "With --lora: OUTPUT is the whole model with the adapter merged in; the adapter is in OUTPUT/adapter.")
    var merge = false

    @Option(help: "With --lora: the adapter's rank.")
    var rank = 16

    @Option(help: "With --lora: α, the adapter counts α/rank. Twice the rank where it isn't said.")
    var alpha: Double?

    @Option(help: "With --lora: names of projections, separated by commas (q_proj,v_proj); all where it isn't said.")
    var projections: String?

    @Option(help: "At most so many passes over the prompts.")
    var epochs = 10

    @Option(help: "Prompts in one gradient step.")
    var batch = 32

    @Option(
      help: "The step size of AdamW at its highest; 1e-4 for all weights and 1e-3 for --lora where it isn't said.")
    var learningRate: Double?

    @Option(help: "Share of the prompts that is held out.")
    var validation = 0.1

    @Option(help: "Epochs in a row without a lower held-out loss after which training stops.")
    var patience = 2

    @Option(help: "Longer prompts are cut to so many tokens.")
    var maxTokens = 64

    @Option(help: "The meta prompt before every attack. The checkpoint's, else its start token, where it isn't said.")
    var prompt: String?

    @Option(help: "Prompts to sample for the report.")
    var samples = 8

    @Option(help: "Everything is drawn from it.")
    var seed: UInt64 = 1

    @Option(help: "How whole models are stored: f32, f16 or bf16.")
    var dtype = WeightType.f32

    @Flag(help: "Replace a checkpoint that is there already.")
    var force = false

    @Flag(help: "Print the report as JSON on standard output, and nothing else there.")
    var json = false

    @Flag(help: "No progress.")
    var quiet = false

    @OptionGroup(title: "Diagnostics")
    var diagnostics: DiagnosticOptions

    func validate() throws {
      if merge && !lora { throw ValidationError("--merge needs --lora.") }
      if !lora && (projections != nil || alpha != nil) {
        throw ValidationError("--projections and --alpha need --lora.")
      }
      if ![epochs, batch, patience, rank].allSatisfy((1...100_000).contains) {
        throw ValidationError("--epochs, --batch, --patience and --rank go from 1 to 100000.")
      }
      if !(0.001...0.9).contains(validation) { throw ValidationError("--validation must be from 0.001 to 0.9.") }
      if let learningRate, !(learningRate > 0 && learningRate <= 1) {
        throw ValidationError("--learning-rate must be above 0 and at most 1.")
      }
      if let alpha, !(alpha > 0 && alpha <= 1e6) { throw ValidationError("--alpha must be above 0 and at most 1e6.") }
      if !(2...1_000_000).contains(maxTokens) || !(0...1000).contains(samples) {
        throw ValidationError("--max-tokens goes from 2 to 1000000, --samples from 0 to 1000.")
      }
    }

    func run() async throws {
      let display = ProgressDisplay(style: .suitable(quiet: quiet))
      let asked = preparation
      let work = Task { try await AttackerTools.prepare(asked) { display.show($0) } }
      let interruption = Interruption {
        display.show(.notice("stopping after this step; the best version so far is kept (again: stop at once)"))
        work.cancel()
      }
      let result = await work.result
      withExtendedLifetime(interruption) {}
      display.finish()
      let report = try result.get()
      if json {
        try StandardOutput.write(json: JSONText.of(report))
      } else {
        try StandardOutput.write(text(report, asked))
      }
      if report.ending != .interrupted, report.output == nil {
        throw SluiceError(
          .usage, "no epoch was better than the checkpoint on the held-out prompts, so nothing was written",
          remedy: "Use a lower --learning-rate, or more prompts; else the checkpoint itself is the best attacker.")
      }
      if report.ending == .interrupted {
        throw SluiceError(
          .interrupted, "interrupted after epoch \(report.epochs.count - 1)",
          remedy: report.output.map { "\($0) holds the best version so far, of epoch \(report.best)." }
            ?? "No epoch was better than the checkpoint yet, so nothing was written.")
      }
    }

    private var preparation: AttackerTools.Preparation {
      var settings = AttackerPreparation.Settings(learningRate: learningRate ?? (lora ? 1e-3 : 1e-4))
      settings.tuning.epochs = epochs
      settings.tuning.batch = batch
      settings.tuning.patience = patience
      settings.tuning.seed = seed
      if lora {
        let names = projections?.split(separator: ",").map { String($0) }
        settings.trained = .adapter(rank: rank, alpha: alpha ?? Double(2 * rank), projections: names)
      }
      settings.validationShare = validation
      settings.maxTokens = maxTokens
      settings.prompt = prompt
      settings.samples = samples
      var asked = AttackerTools.Preparation(
        checkpoint: checkpoint, prompts: prompts, output: output, settings: settings)
      asked.merges = merge
      asked.dtype = dtype.stored
      asked.replaces = force
      return asked
    }

    private func text(_ report: PreparationReport, _ asked: AttackerTools.Preparation) -> String {
      var lines = [report.summary]
      if let output = report.output, let hash = report.outputFingerprint {
        lines += ["the reference model is in \(output) (sha256 \(hash))"]
      }
      lines.append("the report is in \(asked.reportFiles.markdown)")
      return lines.joined(separator: "\n") + "\n"
    }
  }
}
