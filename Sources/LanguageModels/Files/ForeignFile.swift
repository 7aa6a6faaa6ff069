import Core
import Foundation

/// What a file is that stands where a checkpoint's should: common accidents of copying, told by their first bytes.
struct ForeignFile {
  /// In words, to be said after the file's name and "is".
  let what: String
  let remedy: String

  /// Enough for every mark below.
  private static let prefix = MistakenFile.headLength

  /// What the file at `path` is instead of a checkpoint's; nil where it may be one, or can't be read.
  init?(path: String) {
    guard let (descriptor, _) = try? BoundedFile.open(path, what: "the file") else { return nil }
    defer { close(descriptor) }
    var start = [UInt8](repeating: 0, count: Self.prefix)
    let count = BoundedFile.read(descriptor, &start)
    guard count >= 0 else { return nil }
    self.init(Array(start.prefix(count)), name: path)
  }

  /// - Parameters:
  ///   - start: the file's first bytes.
  ///   - name: tells what was expected by its ending.
  init?(_ start: [UInt8], name: String) {
    if let mistaken = Self.mistaken(start, name) {
      self.init(mistaken.name, mistaken.remedy)
    } else if let found = Self.isBinary(name) ? Self.insteadOfWeights(start, name) : Self.insteadOfText(start) {
      self = found
    } else {
      return nil
    }
  }

  private init(_ what: String, _ remedy: String) {
    self.what = what
    self.remedy = remedy
  }

  private static func isBinary(_ name: String) -> Bool { name.hasSuffix(".safetensors") || name.hasSuffix(".gguf") }

  private static let copyAgain = "Download or copy the file again, and look at what the download says."

  /// Weights begin with a number of any value, which may happen to be a short mark of something else.
  private static func mistaken(_ start: [UInt8], _ name: String) -> MistakenFile? {
    if name.hasSuffix(".safetensors"), start.count > 8, start[8] == UInt8(ascii: "{") { return nil }
    let mistaken = MistakenFile(start)
    // A chat template may begin with a tag of its own.
    return name.hasSuffix(".jinja") && mistaken?.isMarkup == true ? nil : mistaken
  }

  private static func insteadOfWeights(_ start: [UInt8], _ name: String) -> ForeignFile? {
    if start.isEmpty { return ForeignFile("empty", copyAgain) }
    let isGGUF = start.starts(with: "GGUF".utf8)
    if isGGUF, !name.hasSuffix(".gguf") {
      return ForeignFile("a GGUF file", "Give it the ending .gguf and name it alone.")
    }
    if name.hasSuffix(".gguf"), start.count > 9, start[8] == UInt8(ascii: "{"), !isGGUF {
      return ForeignFile("a safetensors file", "Give it the ending .safetensors, in the model's folder.")
    }
    if start.starts(with: "ggml".utf8) || start.starts(with: "lmgg".utf8) || start.starts(with: "tjgg".utf8) {
      return ForeignFile("of a format before GGUF", "Convert the model again.")
    }
    // Weights begin with a mark or a small number; a whole first line of text is an answer to a failed download.
    let line = start.prefix { $0 != 10 && $0 != 13 }
    guard line.count >= 9, line.prefix(64).allSatisfy({ (0x20..<0x7F).contains($0) || $0 >= 0x80 || $0 == 9 }) else {
      return nil
    }
    if isGGUF { return nil }
    return ForeignFile(
      "text, not weights; it begins \(brief(String(decoding: line.prefix(60), as: UTF8.self)))", copyAgain)
  }

  private static func insteadOfText(_ start: [UInt8]) -> ForeignFile? {
    if start.isEmpty { return ForeignFile("empty", copyAgain) }
    if start.starts(with: "GGUF".utf8) {
      return ForeignFile("a GGUF file", "Give it the ending .gguf and name it alone.")
    }
    return nil
  }
}

extension ForeignFile {
  /// Looks at every file of a checkpoint's folder that is read.
  /// - Throws: `SluiceError` (usage) that names all files which are something else, at once.
  static func check(folder: String) throws {
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    let isRead = { (name: String) in
      (name.hasSuffix(".safetensors") || name.hasSuffix(".json") || name.hasSuffix(".jinja")
        || ["vocab.txt", "merges.txt"].contains(name)) && !name.hasPrefix(".")
    }
    let found = names.filter(isRead).compactMap { name in
      FileStatus(folder + "/" + name, followsLinks: true)?.kind == .regular
        ? ForeignFile(path: folder + "/" + name).map { (name: name, file: $0) } : nil
    }
    try require(found, folder)
  }

  /// Looks at single files.
  /// - Throws: `SluiceError` (usage) for the first that is something else.
  static func check(files: [String]) throws {
    for file in files {
      if let foreign = ForeignFile(path: file) {
        throw SluiceError.badInput("the file is \(foreign.what)", file: file, remedy: foreign.remedy)
      }
    }
  }

  private static func require(_ found: [(name: String, file: ForeignFile)], _ folder: String) throws {
    guard let first = found.first else { return }
    if found.count == 1 {
      throw SluiceError.badInput(
        "the file is \(first.file.what)", file: folder + "/" + first.name, remedy: first.file.remedy)
    }
    var remedies: [String] = []
    for entry in found where !remedies.contains(entry.file.remedy) { remedies.append(entry.file.remedy) }
    throw SluiceError.badInput(
      "\(found.count) files of the checkpoint are something else: "
        + found.map { "\($0.name) is \($0.file.what)" }.joined(separator: "; "), file: folder,
      remedy: remedies.joined(separator: " "))
  }
}
