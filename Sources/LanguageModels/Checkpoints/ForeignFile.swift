import Core
import Foundation

/// What a file is that stands where a checkpoint's should: common accidents of copying, told by their first bytes.
struct ForeignFile {
  /// In words, to be said after the file's name and "is".
  let what: String
  let remedy: String

  /// Enough for every mark below.
  private static let prefix = 1024

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
    if let found = Self.anywhere(start)
      ?? (Self.isBinary(name) ? Self.insteadOfWeights(start, name) : Self.insteadOfText(start))
    {
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

  private static func anywhere(_ start: [UInt8]) -> ForeignFile? {
    func begins(_ bytes: [UInt8]) -> Bool { start.starts(with: bytes) }
    func begins(_ text: String) -> Bool { start.starts(with: text.utf8) }
    if begins("version https://git-lfs.github.com/spec/") || begins("version https://hawser.github.com/spec/") {
      return ForeignFile(
        "a Git LFS pointer, not the file itself",
        "Run git lfs install and git lfs pull in its folder, or download the file itself.")
    }
    if begins("/annex/objects/") || begins("../.git/annex/") || begins(".git/annex/") {
      return ForeignFile("a git-annex pointer, not the file itself", "Run git annex get in its folder.")
    }
    if begins([0x1F, 0x8B]) { return ForeignFile("compressed with gzip", "Unpack it with gunzip.") }
    if begins([0x28, 0xB5, 0x2F, 0xFD]) { return ForeignFile("compressed with zstd", "Unpack it with unzstd.") }
    if begins([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0]) { return ForeignFile("compressed with xz", "Unpack it with unxz.") }
    if begins("BZh") { return ForeignFile("compressed with bzip2", "Unpack it with bunzip2.") }
    if begins([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C]) { return ForeignFile("a 7z archive", "Unpack it.") }
    if begins("Rar!") { return ForeignFile("a RAR archive", "Unpack it.") }
    if begins([0x50, 0x4B, 3, 4]) || begins([0x50, 0x4B, 5, 6]) {
      return contains(start, "data.pkl") || contains(start, "/version") || contains(start, "byteorder")
        ? pickle("a PyTorch file of pickled objects (in a zip archive)") : ForeignFile("a zip archive", "Unpack it.")
    }
    if start.count > 262, start[257..<262].elementsEqual("ustar".utf8) {
      return ForeignFile("a tar archive", "Unpack it.")
    }
    if begins("%PDF-") { return ForeignFile("a PDF document", copyAgain) }
    if begins([0x89, 0x48, 0x44, 0x46]) {
      return ForeignFile("an HDF5 file (Keras, TensorFlow)", "Convert it to safetensors.")
    }
    if start.count > 2, start[0] == 0x80, (2...5).contains(start[1]) {
      return pickle("a file of pickled Python objects")
    }
    let text = String(decoding: start.drop { $0 == 0xEF || $0 == 0xBB || $0 == 0xBF }.prefix(512), as: UTF8.self)
      .lowercased().drop(while: \.isWhitespace)
    if text.hasPrefix("<!doctype html") || text.hasPrefix("<html") || text.hasPrefix("<head") {
      return ForeignFile(
        "an HTML page, likely a login or error page that a download got instead",
        "Log in or accept the model's terms, and download the file again.")
    }
    if text.hasPrefix("<?xml") || text.hasPrefix("<error>") { return ForeignFile("an XML document", copyAgain) }
    return nil
  }

  private static func pickle(_ what: String) -> ForeignFile {
    ForeignFile(
      what, "Pickled weights can run code and aren't read: save them with save_pretrained(safe_serialization=True).")
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
    if start.starts(with: [0xFF, 0xFE]) || start.starts(with: [0xFE, 0xFF]) {
      return ForeignFile("UTF-16 text", "Save it as UTF-8.")
    }
    return nil
  }

  private static func contains(_ bytes: [UInt8], _ text: String) -> Bool {
    let wanted = Array(text.utf8)
    guard bytes.count >= wanted.count else { return false }
    return (0...(bytes.count - wanted.count)).contains { bytes[$0..<$0 + wanted.count].elementsEqual(wanted) }
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
