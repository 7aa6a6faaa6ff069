import Foundation

/// What a trainer made, so that a run that goes on doesn't train again.
struct TrainerResult: Codable, Hashable {
  static let fileName = "result.json"

  /// Identity of data, seed and command.
  let identity: String
  let model: TunedModel

  /// Whether the checkpoint is still where it was; a served model is taken at its word.
  var isThere: Bool {
    switch model {
    case .served: return true
    case .checkpoint(let path):
      var isFolder: ObjCBool = false
      return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }
  }

  /// Nil where the folder has none.
  static func read(folder: String) throws -> TrainerResult? {
    try JobNote.read(
      TrainerResult.self, from: "\(folder)/\(fileName)", remedy: "Remove the file to tune this variant again.")
  }

  func write(folder: String) throws { try JobNote.write(self, to: "\(folder)/\(Self.fileName)") }
}
