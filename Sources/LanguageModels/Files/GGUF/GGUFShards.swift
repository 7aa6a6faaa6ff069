import Core
import Foundation

/// The files of a split GGUF model, as llama.cpp's `gguf-split` names them: `NAME-00001-of-00003.gguf`.
public enum GGUFShards {
  static let remedy = "The shards aren't of one model: copy all of them again."

  /// All files of the model that `path` is or is a shard of, in order; the file alone where it isn't split.
  /// - Throws: `SluiceError` (exit 64) naming the shards that are missing.
  public static func paths(of path: String) throws -> [String] {
    guard let name = ShardName(path), name.count > 1 else { return [path] }
    let paths = (1...name.count).map(name.path)
    let files = FileManager.default
    // A file that only looks like a shard is one of its own.
    guard files.fileExists(atPath: path) else { return [path] }
    let missing = paths.filter { !files.fileExists(atPath: $0) }
    guard missing.isEmpty else {
      throw SluiceError.badInput(
        "it is shard \(name.number) of \(name.count), and "
          + (missing.count == 1 ? "this one is missing: " : "\(missing.count) are missing, first of them ")
          + missing[0], file: path, remedy: "Put all shards into one folder.")
    }
    return paths
  }

  /// - Throws: `SluiceError` (exit 64) for a file that is another shard than its name says, or a lone one.
  static func check(_ header: GGUFHeader, number: Int, of names: [String]) throws {
    func integer(_ key: String) -> Int? {
      if case .integer(let value)? = header.metadata[key] { value } else { nil }
    }
    let count = integer("split.count") ?? 1
    // llama.cpp writes 0 for a file that isn't split.
    guard max(1, count) == names.count else {
      throw SluiceError.badInput(
        names.count == 1
          ? "it is shard \((integer("split.no") ?? 0) + 1) of \(count), and isn't named so"
          : "it claims to be one of \(max(1, count)) shards, and its name says \(names.count)", file: names[number],
        remedy: names.count == 1
          ? "Name the shards NAME-00001-of-\(ShardName.digits(count)).gguf and so on, or merge them with llama-gguf-split --merge."
          : remedy)
    }
    if names.count > 1, let stated = integer("split.no"), stated != number {
      throw SluiceError.badInput(
        "it claims to be shard \(stated + 1), and its name says \(number + 1)", file: names[number], remedy: remedy)
    }
  }
}

/// The parts of `NAME-00001-of-00003.gguf`.
private struct ShardName {
  let base: Substring
  let number: Int
  let count: Int

  init?(_ path: String) {
    // -00001-of-00003.gguf
    let tail = path.utf8.suffix(20)
    guard tail.count == 20, path.hasSuffix(".gguf"), let text = String(tail) else { return nil }
    let parts = text.dropLast(5).split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 4, parts[0].isEmpty, parts[2] == "of", parts[1].utf8.count == 5, parts[3].utf8.count == 5,
      let number = Int(parts[1]), let count = Int(parts[3]), count >= 1, (1...count).contains(number), count <= 9_999
    else { return nil }
    base = path.dropLast(20)
    self.number = number
    self.count = count
  }

  func path(_ number: Int) -> String { "\(base)-\(Self.digits(number))-of-\(Self.digits(count)).gguf" }

  static func digits(_ number: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 5 - digits.utf8.count)) + digits
  }
}
