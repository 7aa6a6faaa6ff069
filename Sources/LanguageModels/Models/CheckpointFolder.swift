import Core
import Foundation

/// Writes whole checkpoint folders: a reader sees the old one or the new one, never a part of either.
public enum CheckpointFolder {
  /// What stands beside the weights and doesn't change with them.
  private static let companions = [
    "tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt", "special_tokens_map.json",
    "added_tokens.json", "sentencepiece.bpe.model", "spm.model", ChatTemplateFiles.companion, "chat_template.json",
    "generation_config.json",
  ]
  /// Everything that Sluice writes into a checkpoint's folder, besides an adapter's folder in it.
  private static let own = Set(
    companions + [
      "config.json", "model.safetensors", "adapter_config.json", "adapter_model.safetensors", "sluice.json",
    ])
  private static let adapter = "adapter"

  /// What keeps a folder from being replaced, as a relative name: anything that Sluice didn't write there is somebody's.
  /// Nil for an older checkpoint, and where nothing is there.
  public static func foreignEntry(in folder: String) -> String? { foreignEntry(in: folder, below: "") }

  private static func foreignEntry(in folder: String, below prefix: String) -> String? {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder + "/" + prefix)) ?? []
    for name in names.sorted() {
      let kind = FileStatus(folder + "/" + prefix + name, followsLinks: false)?.kind
      if kind == .regular, own.contains(name) { continue }
      guard kind == .folder, name == adapter, prefix.isEmpty else { return prefix + name }
      if let foreign = foreignEntry(in: folder, below: adapter + "/") { return foreign }
    }
    return nil
  }

  /// Calls `write` with an empty folder and moves it to `folder`, where it replaces an older checkpoint.
  /// - Throws: `SluiceError` where that can't be done; what `write` throws, and then nothing has changed.
  public static func replace(_ folder: String, _ write: (_ draft: String) throws -> Void) throws {
    let files = FileManager.default
    // A name of its own: what an earlier process left under a number that is in use again isn't ours to remove.
    let draft = "\(folder).\(UUID().uuidString.prefix(8)).part"
    do {
      try OutputFile.makeFolder(of: folder, what: "the checkpoint")
      try files.createDirectory(atPath: draft, withIntermediateDirectories: false)
      do {
        try write(draft)
        try move(draft, to: folder)
      } catch {
        try? files.removeItem(atPath: draft)
        throw error
      }
    } catch {
      if error is SluiceError || error is InternalError { throw error }
      throw SluiceError(
        .usage, "can't write a checkpoint: \(error.localizedDescription)", at: SourceLocation(file: folder),
        remedy: "Check that the folder can be written and the disk isn't full.")
    }
  }

  private static func move(_ draft: String, to folder: String) throws {
    let files = FileManager.default
    guard let old = FileStatus(folder, followsLinks: false) else {
      return try files.moveItem(atPath: draft, toPath: folder)
    }
    guard old.kind == .folder else {
      throw SluiceError.badInput(
        "the checkpoint can't be written: \(old.kind.description) is there", file: folder,
        remedy: "Name another folder.")
    }
    if let foreign = foreignEntry(in: folder) { throw occupied(folder, by: foreign) }
    let aside = draft + ".old"
    try files.moveItem(atPath: folder, toPath: aside)
    do {
      try files.moveItem(atPath: draft, toPath: folder)
    } catch {
      try? files.moveItem(atPath: aside, toPath: folder)
      throw error
    }
    // File by file: what somebody put there meanwhile stays, in a folder that stays for it.
    for name in own {
      unlink(aside + "/" + adapter + "/" + name)
      unlink(aside + "/" + name)
    }
    rmdir(aside + "/" + adapter)
    rmdir(aside)
  }

  /// The error for a folder that holds more than a checkpoint.
  public static func occupied(_ folder: String, by foreign: String) -> SluiceError {
    .badInput(
      "the folder holds \(foreign), which is no part of a checkpoint that was written here, so it isn't replaced",
      file: folder, remedy: "Name another folder, or move that elsewhere.")
  }

  /// Copies a checkpoint's tokenizer and chat template to another.
  /// - Throws: `SluiceError` for a checkpoint without files of its own for them (GGUF), and for a file that can't be
  ///   read or written.
  public static func copyTokenizer(from checkpoint: String, to folder: String) throws {
    guard !checkpoint.hasSuffix(".gguf") else {
      throw SluiceError.badInput(
        "the tokenizer inside a GGUF file can't be written as a Hugging Face one", file: checkpoint,
        remedy: "Write an adapter alone (it names the GGUF file as its base), or use the model's Hugging Face folder.")
    }
    let files = FileManager.default
    let more = "additional_chat_templates/default.jinja"
    for (name, place) in companions.map({ ($0, $0) }) + [(more, ChatTemplateFiles.companion)] {
      let (from, to) = (checkpoint + "/" + name, folder + "/" + place)
      guard files.fileExists(atPath: from), !files.fileExists(atPath: to) else { continue }
      let bytes = try BoundedFile.read(
        from, what: "the tokenizer's file", limit: 256_000_000, hint: "Export the tokenizer again.")
      try OutputFile.write(bytes, to: to, what: place)
    }
  }
}
