import ArgumentParser
import Core
import Gate
import LanguageModels

extension ModelCommand {
  struct Merge: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "merge",
      abstract: "Write a checkpoint with a LoRA adapter merged into it, as a Hugging Face folder.",
      discussion: """
        Examples:
          sluice model merge models/gpt2 models/attacker-adapter models/attacker
          sluice model merge models/gpt2 models/attacker-adapter models/attacker \\
            --dtype bf16 --force
        """)

    @Argument(help: "The checkpoint that the adapter was trained on: a Hugging Face folder.")
    var checkpoint: String

    @Argument(help: "The adapter's folder, as PEFT or Sluice wrote it.")
    var adapter: String

    @Argument(help: "The folder to write.")
    var output: String

    @Option(help: "How weights are stored: f32, f16 or bf16.")
    var dtype = WeightType.f32

    @Flag(help: "Replace a checkpoint that is there already.")
    var force = false

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
      let merged = try ModelTools.merge(
        checkpoint, adapter: adapter, into: output, dtype: dtype.stored, replaces: force)
      if json {
        try StandardOutput.write(json: JSONText.of(merged))
      } else {
        try StandardOutput.write(ModelOutput.text(merged))
      }
    }
  }
}

/// How weights are stored, as the command line names it.
enum WeightType: String, ExpressibleByArgument, CaseIterable {
  case f32, f16, bf16

  var stored: SafetensorsWriter.DataType {
    switch self {
    case .f32: .f32
    case .f16: .f16
    case .bf16: .bf16
    }
  }
}
