import Core
import LanguageModels

extension ModelTools {
  /// Writes a checkpoint with an adapter merged into it, as a Hugging Face folder.
  /// - Parameter replaces: whether an older checkpoint may be there.
  /// - Returns: what was written.
  /// - Throws: `SluiceError` (usage) for files that can't be used or written, or weights that `dtype` can't hold.
  public static func merge(
    _ checkpoint: String, adapter folder: String, into output: String, dtype: SafetensorsWriter.DataType, replaces: Bool
  ) throws -> Inspection {
    let output = OutputFolder.trimmed(output)
    try OutputFolder.check(output, replaces: replaces, inputs: [checkpoint, folder])
    if try AdaptedCheckpoint.at(checkpoint) != nil {
      throw SluiceError.badInput(
        "the base is an adapter itself", file: checkpoint,
        remedy: "Name the checkpoint that the adapter was trained on.")
    }
    let model = try CausalLanguageModel.load(folder: checkpoint)
    let adapter = try LoRAAdapter.load(folder: folder, layout: model.weights.layout)
    let template = try AdaptedCheckpoint.promptTemplate(folder: folder) ?? model.promptTemplate
    let merged = model.with(adapter.merged(into: model.weights), promptTemplate: template)
    try CheckpointFolder.replace(output) { draft in
      try CheckpointFolder.copyTokenizer(from: checkpoint, to: draft)
      try merged.save(folder: draft, dtype: dtype)
    }
    return try inspect(output)
  }
}
