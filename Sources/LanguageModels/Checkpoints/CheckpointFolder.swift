import Core
import Foundation

/// Writes whole checkpoint folders: a reader sees the old one or the new one, never a part of either.
public enum CheckpointFolder {
  /// What stands beside the weights and doesn't change with them.
  private static let companions = [
    "tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt", "special_tokens_map.json",
    "added_tokens.json", "chat_template.jinja", "generation_config.json",
  ]

  /// Calls `write` with an empty folder and moves it to `folder`, which it replaces.
  /// - Throws: `SluiceError` (usage) where that can't be done; what `write` throws, and then nothing has changed.
  public static func replace(_ folder: String, _ write: (_ draft: String) throws -> Void) throws {
    let files = FileManager.default
    let draft = "\(folder).\(ProcessInfo.processInfo.processIdentifier).part"
    do {
      try? files.removeItem(atPath: draft)
      try files.createDirectory(atPath: draft, withIntermediateDirectories: true)
      try write(draft)
      try? files.removeItem(atPath: folder)
      try files.moveItem(atPath: draft, toPath: folder)
    } catch {
      try? files.removeItem(atPath: draft)
      if error is SluiceError || error is InternalError { throw error }
      throw SluiceError(
        .usage, "can't write a checkpoint: \(error.localizedDescription)", at: SourceLocation(file: folder),
        remedy: "Check that the folder can be written and the disk isn't full.")
    }
  }

  /// Copies a checkpoint's tokenizer and chat template to another.
  /// - Throws: `SluiceError` (usage) for a checkpoint without files of its own for them (GGUF); a file system's error.
  public static func copyTokenizer(from checkpoint: String, to folder: String) throws {
    guard !checkpoint.hasSuffix(".gguf") else {
      throw SluiceError.badInput(
        "the tokenizer inside a GGUF file can't be written as a Hugging Face one", file: checkpoint,
        remedy: "Write an adapter alone (it names the GGUF file as its base), or use the model's Hugging Face folder.")
    }
    let files = FileManager.default
    for name in companions {
      let (from, to) = (checkpoint + "/" + name, folder + "/" + name)
      guard files.fileExists(atPath: from), !files.fileExists(atPath: to) else { continue }
      // A cache's files are links; the copy is to hold what they point to.
      try files.copyItem(at: URL(fileURLWithPath: from).resolvingSymlinksInPath(), to: URL(fileURLWithPath: to))
    }
  }
}
