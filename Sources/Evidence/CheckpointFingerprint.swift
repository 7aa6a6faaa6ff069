import Core
import Foundation

extension SHA256 {
  /// The identity of a checkpoint: its files' relative names and contents, in the order of their names' bytes. Of a
  /// single file (GGUF), its content.
  ///
  /// Links count as what they point to, so that a cache of links equals a plain copy. Hidden files are left out: tools
  /// drop caches there that don't change the model.
  /// - Throws: `SluiceError` (usage) when the folder is missing, holds no file, or can't be read in full.
  public static func fingerprint(folder: String) throws -> String {
    if let problem = PathText.problem(folder) { throw problem.explained("the checkpoint") }
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), !isFolder.boolValue {
      return try hex(file: folder)
    }
    let names = try files(in: folder, below: "", depth: 0)
    guard !names.isEmpty else {
      throw SluiceError(
        .usage, "the checkpoint folder holds no files", at: SourceLocation(file: folder), remedy: "Check the path.")
    }
    // Each name with its length: no two folders have the same list of names and hashes.
    let lines = try names.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }.map { name in
      "\(name.utf8.count):\(name):\(try hex(file: folder + "/" + name))"
    }
    return hex(lines.joined(separator: "\n"))
  }

  /// Folders deeper than this are taken for links that go round in a circle.
  private static let maximumDepth = 16

  private static func files(in folder: String, below prefix: String, depth: Int) throws -> [String] {
    let place = folder + "/" + prefix
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: place)
    } catch {
      throw SluiceError(
        .usage, "the checkpoint folder can't be read", at: SourceLocation(file: place),
        remedy: "Check the path and its permissions.")
    }
    guard depth <= maximumDepth else {
      throw SluiceError(
        .usage, "the checkpoint folder is nested too deeply", at: SourceLocation(file: folder),
        remedy: "Does a link in it point back to the folder?")
    }
    return try names.filter { !$0.hasPrefix(".") }.flatMap { name -> [String] in
      var status = stat()
      guard stat(folder + "/" + prefix + name, &status) == 0 else {
        throw BoundedFile.unreadable(folder + "/" + prefix + name, what: "the file", errno)
      }
      switch status.st_mode & S_IFMT {
      case S_IFREG: return [prefix + name]
      case S_IFDIR: return try files(in: folder, below: prefix + name + "/", depth: depth + 1)
      // A pipe or a device is no part of a model, and reading it might never end.
      default: return []
      }
    }
  }
}
