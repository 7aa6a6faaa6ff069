import Core
import Foundation

/// Whether a folder may be written, asked before any work is done for it.
enum OutputFolder {
  /// - Parameters:
  ///   - replaces: whether an older checkpoint may be there.
  ///   - inputs: files and folders that must survive.
  /// - Throws: `SluiceError` (usage).
  static func check(_ folder: String, replaces: Bool, inputs: [String]) throws {
    let place = resolved(folder)
    for input in inputs where (resolved(input) + "/").hasPrefix(place + "/") {
      throw SluiceError(
        .usage, "the output would replace \(input), which it is made from", at: SourceLocation(file: folder),
        remedy: "Name another folder.")
    }
    var isFolder: ObjCBool = false
    let files = FileManager.default
    guard files.fileExists(atPath: folder, isDirectory: &isFolder) else { return }
    let names = isFolder.boolValue ? try? files.contentsOfDirectory(atPath: folder) : nil
    if names?.isEmpty == true { return }
    guard replaces else {
      throw SluiceError(
        .usage, "the output is there already", at: SourceLocation(file: folder),
        remedy: "Name another folder, or replace this one with --force.")
    }
    // A mistyped path mustn't cost anyone a folder of something else.
    guard let names, names.contains("config.json") || names.contains("adapter_config.json") else {
      throw SluiceError(
        .usage, "the output is there already and is no checkpoint, so it isn't replaced",
        at: SourceLocation(file: folder), remedy: "Name another folder.")
    }
  }

  private static func resolved(_ path: String) -> String {
    URL(fileURLWithPath: path).resolvingSymlinksInPath().standardizedFileURL.path
  }
}
