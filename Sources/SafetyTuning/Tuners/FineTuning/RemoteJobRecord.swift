/// What a run that goes on must know of a job on a fine-tuning service. Holds no secret.
struct RemoteJobRecord: Codable, Hashable {
  static let fileName = "remote-job.json"

  /// Identity of data, seed and settings.
  let identity: String
  /// Address and model: where `job` means something.
  let server: String
  /// The uploaded data set.
  var file: String?
  /// A job was asked for, and may exist even where `job` is nil: the answer can have been lost.
  var isOrdered = false
  var job: String?

  init(identity: String, server: String) {
    self.identity = identity
    self.server = server
  }

  /// Nil where the folder has none.
  static func read(folder: String) throws -> RemoteJobRecord? {
    try JobNote.read(
      RemoteJobRecord.self, from: "\(folder)/\(fileName)",
      remedy: "Look on the service for a job that still runs, then remove the file.")
  }

  func write(folder: String) throws { try JobNote.write(self, to: "\(folder)/\(Self.fileName)") }
}
