extension Architecture {
  /// The architecture of the checkpoint at `path`: a folder or a GGUF file, whose weights stay unread but for their headers.
  /// - Throws: `SluiceError` (usage) naming the file and what is wrong with it.
  static func of(checkpoint path: String) throws -> Architecture {
    if path.hasSuffix(".gguf") { return try Architecture(GGUFFile(path: path)) }
    let configuration = try CheckpointConfiguration(folder: path)
    var architecture = try Architecture(configuration)
    try architecture.untieIfNeeded(configuration, try CheckpointWeights.open(folder: path))
    return architecture
  }

  /// Where the output weights are stored apart from the embedding, they are used whatever `config.json` says of them:
  /// transformers ties only what is equal or not stored.
  mutating func untieIfNeeded(_ configuration: CheckpointConfiguration, _ source: CheckpointWeights) throws {
    guard !family.isEncoder else { return }
    let isStored = source.contains("lm_head.weight")
    if !configuration.has("tie_word_embeddings") {
      tiesEmbeddings = !isStored
    } else if tiesEmbeddings, isStored {
      tiesEmbeddings = try source.holdsEqualTensors(
        "lm_head.weight", CheckpointMapping.embeddingName(self, in: source))
    }
  }
}
