import Core
import Foundation
import SafetyTuning
import Synchronization

/// A job in a folder of its own, and what its tuner says.
final class Workbench: Sendable {
  let folder: String
  let job: TuningJob
  private let said = Mutex<[String]>([])

  var notes: [String] { said.withLock { $0 } }
  var progress: @Sendable (String) -> Void {
    { [self] note in said.withLock { $0.append(note) } }
  }

  init(variant: String = "gflownet-mle", examples: Int = 3, seed: UInt64 = 7) throws {
    folder = NSTemporaryDirectory() + "sluice-tuning-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let data = TuningData(
      (0..<examples).map {
        TuningExample($0 % 2 == 0 ? .refusal : .benign, prompt: "prompt of attack number \($0)", response: "no, \($0).")
      })
    job = TuningJob(variant: variant, data: data, folder: folder, seed: seed)
    try data.write(to: job.dataFile)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  func text(_ file: String) throws -> String {
    String(decoding: try bytes(file), as: UTF8.self)
  }

  func bytes(_ file: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(file)")))
  }

  func mode(_ file: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: "\(folder)/\(file)")[.posixPermissions] as? Int
  }

  func has(_ file: String) -> Bool { FileManager.default.fileExists(atPath: "\(folder)/\(file)") }
}

/// Waits until something is so.
/// - Returns: whether it came to be so in time.
func eventually(within limit: Duration = .seconds(10), _ isSo: () throws -> Bool) async rethrows -> Bool {
  let end = ContinuousClock.now + limit
  while ContinuousClock.now < end {
    if try isSo() { return true }
    try? await Task.sleep(for: .milliseconds(10))
  }
  return try isSo()
}
