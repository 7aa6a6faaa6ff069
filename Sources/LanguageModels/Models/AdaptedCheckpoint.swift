import Core
import Foundation

/// An adapter's folder used as a checkpoint: its base is the checkpoint that its `adapter_config.json` names.
public struct AdaptedCheckpoint: Sendable {
  /// The folder, as it was named.
  public let folder: String
  /// Where the base is.
  public let base: String

  private static let configurationFile = "/adapter_config.json"
  /// What PEFT's files have no place for; its tools ignore it.
  static let settingsFile = "sluice.json"

  /// Nil for a folder that is a checkpoint of its own, or no folder.
  /// - Throws: `SluiceError` (usage) for an adapter whose base isn't there.
  public static func at(_ path: String) throws -> AdaptedCheckpoint? {
    let files = FileManager.default
    guard files.fileExists(atPath: path + configurationFile), !files.fileExists(atPath: path + "/config.json") else {
      return nil
    }
    try ForeignFile.check(folder: path)
    let configuration = try CheckpointConfiguration(path: path + configurationFile)
    let named = try configuration.string("base_model_name_or_path")
    // Relative names are of the adapter's folder, else of the current one, as PEFT takes them and older versions wrote them.
    let places = named.hasPrefix("/") ? [named] : [path + "/" + named, named]
    guard !named.isEmpty, let base = places.first(where: files.fileExists) else {
      throw configuration.error(
        "the adapter's base model \(brief(named)) isn't here",
        remedy: "Set base_model_name_or_path to the base checkpoint's folder or GGUF file.")
    }
    guard !files.fileExists(atPath: base + configurationFile) || files.fileExists(atPath: base + "/config.json") else {
      throw configuration.error(
        "the adapter's base model \(brief(named)) is an adapter itself",
        remedy: "Merge that one first: sluice model merge.")
    }
    return AdaptedCheckpoint(folder: path, base: base)
  }

  /// The base with the adapter: merged in, or beside it (`WeightPrecision.frozen`).
  /// - Throws: `SluiceError` (usage) naming the file and what is wrong with it.
  func model(_ precision: WeightPrecision = .float32) throws -> CausalLanguageModel {
    let model = try CausalLanguageModel.load(folder: base, precision: precision)
    let adapter = try LoRAAdapter.load(folder: folder, layout: model.weights.layout)
    return model.with(
      precision == .frozen ? adapter.applied(to: model.weights) : adapter.merged(into: model.weights),
      promptTemplate: try Self.promptTemplate(folder: folder) ?? model.promptTemplate)
  }

  /// How prompts are wrapped, where an adapter was trained with another template than its base has.
  /// - Throws: `SluiceError` (usage) for a file that doesn't say it properly.
  public static func promptTemplate(folder: String) throws -> String? {
    let path = folder + "/" + settingsFile
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    return try CheckpointConfiguration(path: path).optionalString("prompt_template")
  }

  /// Writes an adapter's folder that can be used as a checkpoint.
  /// - Parameter base: the base checkpoint's path, as the adapter is to name it; see `name`.
  /// - Throws: `SluiceError` when the folder can't be written.
  public static func write(_ adapter: LoRAAdapter, base: String, promptTemplate: String?, to folder: String) throws {
    try adapter.save(folder: folder, base: base)
    if let promptTemplate {
      try writeJSON(["prompt_template": promptTemplate], folder: folder, name: settingsFile)
    }
  }

  /// How an adapter names its base so that it is found from any folder: by the way from the adapter's folder where both lie in the
  /// current one, and may be moved together; else by the whole path.
  /// - Parameters:
  ///   - base: path of the base, which is there.
  ///   - folder: where the adapter's folder will be.
  public static func name(of base: String, from folder: String) -> String {
    // The last name stays as it is: a GGUF file is known by it, and may be a link.
    let isNamed = ![".", "..", ""].contains(base.lastNameOfPath)
    let other = isNamed ? realParts(base.folderOfPath) + [base.lastNameOfPath] : realParts(base)
    let (root, own) = (realParts("."), realParts(folder))
    guard own.starts(with: root), other.starts(with: root), !root.isEmpty, !own.contains("..") else {
      return "/" + other.joined(separator: "/")
    }
    let shared = zip(own, other).prefix { $0 == $1 }.count
    return ([String](repeating: "..", count: own.count - shared) + other.dropFirst(shared)).joined(separator: "/")
  }

  /// The names on the way from the root to a path, links resolved as far as it is there.
  private static func realParts(_ path: String) -> [String] {
    var (there, missing) = (path.isEmpty ? "." : path, [String]())
    while !there.isEmpty {
      if let real = realpath(there, nil) {
        defer { free(real) }
        return String(cString: real).split(separator: "/").map(String.init) + missing.reversed()
      }
      missing.append(there.lastNameOfPath)
      there = there.folderOfPath
    }
    return FileManager.default.currentDirectoryPath.split(separator: "/").map(String.init) + missing.reversed()
  }
}
