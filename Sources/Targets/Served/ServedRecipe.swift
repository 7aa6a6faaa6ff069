import Core
import Kinds

/// A served target as a policy describes it.
struct ServedRecipe<Dialogue: ServerDialogue>: TargetRecipe {
  var configuration: ServerConfiguration
  var dialogue: Dialogue
  let settings: SamplingSettings
  /// Seconds that one response usually takes.
  let latency: Double

  /// - Parameter section: was held against the keys of the configuration and those of the protocol.
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
  var serving: Serving? { configuration.serving }
  var inputs: [InputFile] { serving?.inputs ?? [] }
  var served: ServedModel? {
    var served = configuration.served(latency: latency, maxTokens: settings.maxTokens)
    served.tellsRevision = Dialogue.tellsRevision || serving?.namesWeights == true
    return served
  }

  func asking(checkpoint: String) -> any TargetRecipe {
    var sampling = settings
    sampling.maxBytes = nil
    return LocalTarget.Recipe(path: checkpoint, settings: sampling, maxTokens: settings.maxTokens)
  }

  func asking(served name: String) -> (any TargetRecipe)? {
    guard dialogue.asksByName(configuration) else { return nil }
    var recipe = self
    recipe.configuration.model = name
    return recipe
  }

  func make(_ context: TargetContext) throws -> any Target {
    ServedTarget(
      try ServedClient(
        configuration.redacting(context.redactor).sharing(by: context.shards), dialogue, server: server(context),
        waits: context.waits),
      settings: settings)
  }

  func server(_ context: TargetContext) throws -> ModelServer? {
    try configuration.serving.map { try context.servers.server($0, url: configuration.url) }
  }
}
