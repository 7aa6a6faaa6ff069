import Core
import Foundation
import LanguageModels

/// Whether a folder may be written, asked before any work is done for it.
enum OutputFolder {
  /// - Parameters:
  ///   - replaces: whether an older checkpoint may be there.
  ///   - inputs: files and folders that must survive.
  /// - Throws: `SluiceError`: usage (64), permission (77).
  static func check(_ path: String, replaces: Bool, inputs: [String]) throws {
    let folder = trimmed(path)
    if let problem = PathText.problem(folder) { throw problem.explained("the output") }
    let place = FilePlace(folder)
    if ["", ".", ".."].contains(folder.lastNameOfPath) || place.path == FilePlace(".").path {
      throw SluiceError.badInput(
        "the output has to be a folder of its own", file: path, remedy: "Name a folder in this one.")
    }
    for input in inputs {
      let kept = FilePlace(input)
      if kept.isSame(as: place) || kept.isInside(place) {
        throw SluiceError.badInput(
          "the output would replace \(input), which it is made from", file: path, remedy: "Name another folder.")
      }
      if place.isInside(kept) {
        throw SluiceError.badInput(
          "the output would be a part of \(input), which it is made from, and change what that is", file: path,
          remedy: "Name a folder outside of it.")
      }
    }
    guard let there = FileStatus(folder, followsLinks: false) else {
      return try OutputFile.check(folder, what: "the output")
    }
    guard there.kind == .folder else {
      throw SluiceError.badInput(
        "the output is there already, and is \(there.kind.description)", file: path, remedy: "Name another folder.")
    }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    if !names.isEmpty {
      guard replaces else {
        throw SluiceError.badInput(
          "the output is there already", file: path, remedy: "Name another folder, or replace this one with --force.")
      }
      // A mistyped path mustn't cost anyone a folder of something else.
      guard names.contains("config.json") || names.contains("adapter_config.json") else {
        throw SluiceError.badInput(
          "the output is there already and is no checkpoint, so it isn't replaced", file: path,
          remedy: "Name another folder.")
      }
      if let foreign = CheckpointFolder.foreignEntry(in: folder) {
        throw CheckpointFolder.occupied(folder, by: foreign)
      }
    }
    // Moved away as a whole, it takes what is asked of the folder above it.
    try OutputFile.check(folder + ".part", what: "the output")
  }

  /// Without slashes at the end.
  static func trimmed(_ path: String) -> String {
    var bytes = Array(path.utf8)
    while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
  }
}
