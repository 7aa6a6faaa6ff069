import Core
import Foundation
import Kinds

extension CommandClient {
  /// A program as a policy describes it.
  struct Recipe: TargetRecipe {
    var configuration: ServerConfiguration
    let command: CommandClient.Settings
    let settings: SamplingSettings
    /// Seconds that one response usually takes.
    let latency: Double

    var name: String { configuration.model }
    var checkpoint: String? { nil }
    var maxTokens: Int? { settings.maxTokens }
    var served: ServedModel? { configuration.served(latency: latency, maxTokens: settings.maxTokens) }

    /// Arguments may be scripts; what is no regular file stands for something else.
    var inputs: [InputFile] {
      command.command.filter { FileStatus($0, followsLinks: true)?.kind == .regular }.map {
        InputFile("command", path: $0)
      }
    }

    func asking(checkpoint: String) -> any TargetRecipe {
      var sampling = settings
      sampling.maxBytes = nil
      return LocalTarget.Recipe(path: checkpoint, settings: sampling, maxTokens: settings.maxTokens)
    }

    /// The program answers as one model alone.
    func asking(served name: String) -> (any TargetRecipe)? { nil }

    func make(_ context: TargetContext) throws -> any Target {
      ServedTarget(try CommandClient(configuration.redacting(context.redactor), command), settings: settings)
    }
  }
}

extension TargetKind {
  static let command = TargetKind(
    name: "command", summary: "a program that answers JSON lines",
    keys: ServerConfiguration.answerKeys + [
      PolicyKey(
        name: "command", shape: .list(.text), required: true,
        help:
          "Program and arguments. It reads {\"id\", \"messages\", \"settings\"} a line and writes {\"id\", \"text\"} a line, in "
          + "any order; finish_reason, reasoning, usage, tool_calls and error may stand beside.",
        example: "[python3, assistant.py, --quiet]"),
      PolicyKey(
        name: "env", shape: .list(.passedVariable),
        help: "Environment variables that the program gets (PATH, HOME, HF_TOKEN, …): these and no others."),
      PolicyKey(
        name: "restarts", shape: .integer(0...1000), fallback: "3",
        help: "How often the program is started again when it has died or written what is no reply."),
    ]
      + ServerConfiguration.identityKeys(
        url: nil, model: "What the model is called (default: the program).", requiresModel: false, hasKey: false)
      + ServerConfiguration.limitKeys.filter { !["requests_per_minute", "retries"].contains($0.name) }
  ) { section in
    let command = section.list("command")
    let program = command.first.map { $0.split(separator: "/").last.map(String.init) ?? $0 }
    let configuration = ServerConfiguration(section, model: section.text("model") ?? program)
    return CommandClient.Recipe(
      configuration: configuration,
      command: CommandClient.Settings(
        command: command, variables: section.list("env"), restarts: section.integer("restarts")),
      settings: SamplingSettings(
        section, maxTokens: section.integer("max_tokens"), maxBytes: configuration.maxTextBytes),
      latency: section.seconds("latency") ?? 0)
  }
}
