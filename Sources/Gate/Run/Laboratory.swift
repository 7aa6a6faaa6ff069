import Core
import Foundation
import Lab

/// Builds the embedded lab without holding up the cooperative pool.
public enum Laboratory {
  /// - Throws: `SluiceError` where a file can't be written.
  public static func build(seed: UInt64, into folder: String, progress: @escaping ProgressSink) async throws {
    let workers = max(1, ProcessInfo.processInfo.activeProcessorCount)
    let result = await offPool {
      Result { try LabBuilder.build(seed: seed, into: folder, workers: workers, progress: progress) }
    }
    try result.get()
  }
}
