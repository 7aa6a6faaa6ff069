import Core
import Kinds

/// A served target as a policy describes it.
struct ServedRecipe<Dialogue: ServerDialogue>: TargetRecipe {
  var configuration: ServerConfiguration
  var dialogue: Dialogue
  let settings: SamplingSettings
  /// Seconds that one response usually takes.
  let latency: Double

  /// Keys of every served target beside those of its server.
  static var keys: [PolicyKey] {
    [
      PolicyKey(name: "max_tokens", shape: .integer(1...100_000), fallback: "512", help: "Longest response."),
      PolicyKey(
        name: "latency", shape: .duration, fallback: "2s",
        help: "Usual wait for one response: `sluice plan` computes with it."),
    ]
  }

  /// - Parameter section: was held against `keys` and those of the server.
  init(_ section: Section, _ configuration: ServerConfiguration, _ dialogue: Dialogue) {
    self.configuration = configuration
    self.dialogue = dialogue
    settings = SamplingSettings(
      section, maxTokens: section.integer("max_tokens"), maxBytes: configuration.maxTextBytes)
    latency = section.seconds("latency") ?? 0
  }

  var name: String { configuration.model }
  var checkpoint: String? { nil }
  var address: String? { configuration.url }
  var maxTokens: Int? { settings.maxTokens }
  var served: ServedModel? { configuration.served(latency: latency, maxTokens: settings.maxTokens) }

  func asking(checkpoint: String) -> any TargetRecipe {
    var sampling = settings
    sampling.maxBytes = nil
    return LocalTarget.Recipe(path: checkpoint, settings: sampling, maxTokens: settings.maxTokens)
  }

  func asking(served name: String) -> (any TargetRecipe)? {
    var recipe = self
    recipe.configuration.model = name
    return recipe
  }

  func make(_ context: TargetContext) throws -> any Target {
    ServedTarget(
      try ServedClient(configuration.redacting(context.redactor), dialogue, waits: context.waits), settings: settings)
  }
}
