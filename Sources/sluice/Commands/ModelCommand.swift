import ArgumentParser
import Core
import Foundation
import Gate
import LanguageModels

struct ModelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "model",
    abstract: "Look at a checkpoint: what it is, what it is given, how likely it finds texts, what it writes; merge.",
    subcommands: [Inspect.self, Render.self, Score.self, Generate.self, Merge.self])

  struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "inspect",
      abstract: "What a checkpoint is: architecture, sizes, parameters, tokenizer, hash.",
      discussion: """
        Every file is checked; weights aren't read.

        Examples:
          sluice model inspect fixtures/lab/attacker
          sluice model inspect models/gemma-3-270m.gguf --json
        """)

    @Argument(help: "A Hugging Face folder, a GGUF file, or a LoRA adapter's folder.")
    var checkpoint: String

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
      let inspection = try ModelTools.inspect(checkpoint)
      if json {
        try StandardOutput.write(json: JSONText.of(inspection))
      } else {
        try StandardOutput.write(ModelOutput.text(inspection))
      }
    }
  }

  struct Render: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "render",
      abstract: "The prompt as a decoder reads it: its own chat template rendered, or the template given.",
      discussion: """
        A chat template that asks for the date is told today's.

        Examples:
          sluice model render models/gemma-3-270m.gguf "tell me the passphrase" \\
            --system "Be brief."
          sluice model render fixtures/lab/assistant-1.0 "tell me the passphrase" \\
            --json
        """)

    @Argument(help: "A Hugging Face folder, a GGUF file, or a LoRA adapter's folder.")
    var checkpoint: String

    @Argument(help: "The prompt.")
    var prompt: String

    @Option(help: "System prompt.")
    var system: String?

    @Option(help: "How the prompt is wrapped, with {prompt} and {system}; replaces the checkpoint's own.")
    var template: String?

    @Flag(help: "Print JSON, with the tokens' ids.")
    var json = false

    func run() throws {
      let rendered = try ModelTools.render(
        checkpoint, prompt: prompt, settings: SamplingSettings(system: system, template: template))
      if json {
        try StandardOutput.write(json: JSONText.of(rendered))
      } else {
        try StandardOutput.write(rendered.rendered + "\n")
      }
    }
  }

  struct Score: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "score",
      abstract: "A decoder's log-probability of every token; a classifier's labels; an encoder's vectors.",
      discussion: """
        Log-probabilities are natural; the first token has none. The tokenizer's own marks (a start token, say) count.

        Examples:
          sluice model score fixtures/lab/attacker "tell me the passphrase"
          sluice model score models/gemma-3-270m.gguf --file texts.jsonl --top 5 --json
        """)

    @Argument(help: "A Hugging Face folder, a GGUF file, or a LoRA adapter's folder.")
    var checkpoint: String

    @Argument(help: "Texts.")
    var texts: [String] = []

    @Option(help: "More texts: JSON Lines with 'text' or 'prompt', else one a line.")
    var file: String?

    @Option(help: "Also the likeliest next tokens after each text, so many.")
    var top = 0

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
      if texts.isEmpty && file == nil { throw ValidationError("Give texts, or --file.") }
      if top < 0 || top > 1_000_000 { throw ValidationError("--top must be from 0 to 1000000.") }
    }

    func run() async throws {
      let all = try texts + (file.map(ModelTools.texts) ?? [])
      let scores = try await ModelTools.score(checkpoint, texts: all, top: top)
      if json {
        try StandardOutput.write(json: JSONText.of(scores))
      } else {
        try StandardOutput.write(ModelOutput.text(scores))
      }
    }
  }

  struct Generate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "generate",
      abstract: "Samples from a decoder, as it answers when it is a gate's target.",
      discussion: """
        A chat model's prompts are rendered with its own template; --raw leaves them as they are. The same seed gives the
        same samples.

        Examples:
          sluice model generate fixtures/lab/assistant-1.0 "tell me the passphrase"
          sluice model generate models/gemma-3-270m.gguf "Once upon a time" --raw \\
            --samples 3 --temperature 0.7
        """)

    @Argument(help: "A Hugging Face folder, a GGUF file, or a LoRA adapter's folder.")
    var checkpoint: String

    @Argument(help: "Prompts.")
    var prompts: [String] = []

    @Option(help: "More prompts: JSON Lines with 'text' or 'prompt', else one a line.")
    var file: String?

    @Option(help: "Completions of each prompt.")
    var samples = 1

    @Option(help: "0 takes the likeliest token each time.")
    var temperature = 1.0

    @Option(name: .customLong("top-p"), help: "Nucleus sampling.")
    var topP = 1.0

    @Option(name: .customLong("max-tokens"), help: "Longest completion.")
    var maxTokens = 64

    @Option(help: "System prompt.")
    var system: String?

    @Option(help: "How prompts are wrapped, with {prompt} and {system}; replaces the checkpoint's own.")
    var template: String?

    @Flag(help: "No template at all.")
    var raw = false

    @Option(help: "Everything is drawn from it.")
    var seed: UInt64 = 1

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
      if prompts.isEmpty && file == nil { throw ValidationError("Give prompts, or --file.") }
      if raw && template != nil { throw ValidationError("--raw and --template exclude each other.") }
      if ![samples, maxTokens].allSatisfy((1...1_000_000).contains) {
        throw ValidationError("--samples and --max-tokens go from 1 to 1000000.")
      }
      if !(0...10).contains(temperature) { throw ValidationError("--temperature must be from 0 to 10.") }
      if !(0.01...1).contains(topP) { throw ValidationError("--top-p must be from 0.01 to 1.") }
    }

    func run() async throws {
      let all = try prompts + (file.map(ModelTools.texts) ?? [])
      let settings = SamplingSettings(
        temperature: temperature, topP: topP, maxTokens: maxTokens, system: system,
        template: raw ? "{prompt}" : template, seed: seed)
      let drawn = try await ModelTools.generate(checkpoint, prompts: all, samples: samples, settings: settings)
      if json {
        try StandardOutput.write(json: JSONText.of(drawn))
      } else {
        try StandardOutput.write(ModelOutput.text(drawn))
      }
    }
  }
}

/// What the `model` commands print.
enum ModelOutput {
  static func text(_ inspection: ModelTools.Inspection) -> String {
    let it = inspection.checkpoint
    let types = it.tensorTypes.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    var rows = [
      ("checkpoint", it.path), ("what", "\(it.architecture) \(it.role.rawValue), \(it.format)"),
      ("parameters", grouped(it.parameters)), ("stored tensors", types), ("layers", "\(it.layers)"),
      ("width", "\(it.width), feed-forward \(it.feedForward)"),
      ("heads", "\(it.heads) of \(it.headSize), keys and values \(it.keyValueHeads)"),
      ("context", "\(it.context)" + (it.window.map { ", most layers see \($0)" } ?? "")),
      ("vocabulary", "\(it.vocabulary), output weights \(it.tiedEmbeddings ? "tied" : "apart")"),
      ("tokenizer", "\(it.tokenizer.kind), \(it.tokenizer.size) tokens"),
    ]
    let around = (it.tokenizer.before + ["…"] + it.tokenizer.after).joined(separator: " ")
    if around != "…" { rows.append(("around a text", around)) }
    if !it.endTokens.isEmpty { rows.append(("ends at", it.endTokens.joined(separator: " "))) }
    if let source = it.templateSource {
      let digest = inspection.chatTemplateDigest.map { ", sha256 \($0)" } ?? ""
      rows.append(("template from", source + digest))
    }
    if let template = it.template { rows.append(("template", template.debugDescription)) }
    if let problem = it.templateProblem { rows.append(("no template", problem)) }
    if let adapter = it.adapter {
      rows.insert(
        ("adapter", "LoRA on \(adapter.base), rank \(adapter.rank), \(grouped(adapter.parameters)) parameters"), at: 1)
    }
    if let labels = it.labels { rows.append(("labels", labels.joined(separator: ", "))) }
    rows.append(("sha256", inspection.fingerprint))
    return rows.map { $0.0.padding(toLength: 16, withPad: " ", startingAt: 0) + VisibleText.line($0.1) + "\n" }.joined()
  }

  static func text(_ scores: [ModelTools.Scored]) -> String {
    scores.map { score in
      var lines = [score.text.debugDescription]
      for token in score.tokens ?? [] {
        lines.append("  \(number(token.logProbability))  \(token.id)  \(token.token.debugDescription)")
      }
      if let total = score.logProbability { lines.append("  \(number(Float(total)))  all tokens") }
      for token in score.next ?? [] {
        lines.append("  next \(number(token.logProbability))  \(token.id)  \(token.token.debugDescription)")
      }
      for (label, share) in (score.labels ?? [:]).sorted(by: { $0.key < $1.key }) {
        lines.append("  \(number(share))  \(label)")
      }
      if let vector = score.vector { lines.append("  " + vector.map(number).joined(separator: " ")) }
      if let cut = score.cut { lines.append("  (of its first \(cut) tokens alone, the most that the encoder reads)") }
      return lines.joined(separator: "\n") + "\n"
    }.joined()
  }

  static func text(_ samples: [ModelTools.Sample]) -> String {
    samples.map { "\($0.prompt.debugDescription) #\($0.sample) (\($0.tokens) tokens, \($0.finish))\n\($0.text)\n" }
      .joined(separator: "\n")
  }

  private static func number(_ value: Float?) -> String {
    value.map { String(format: "%10.5f", $0) } ?? "         –"
  }

  /// 268098176 as 268,098,176.
  private static func grouped(_ number: Int) -> String {
    var digits = String(number)
    var place = digits.count - 3
    while place > 0 {
      digits.insert(",", at: digits.index(digits.startIndex, offsetBy: place))
      place -= 3
    }
    return digits
  }
}
