import Foundation

/// The last line of a benchmark, for comparing figures over commits.
struct BenchmarkResult {
  let name: String
  /// The figure of merit: at or above `bar` is good.
  let ratio: Double
  var bar = 1.0

  var line: String {
    String(format: "%@ ratio=%.2f bar=%.2f %@", name, ratio, bar, ratio >= bar ? "ok" : "short")
  }
}

/// Where benchmarks leave tables and plots.
enum BenchmarkFolder {
  /// - Throws: where the folder can't be made.
  static func make(_ name: String) throws -> URL {
    let folder = URL(fileURLWithPath: ".build-bench").appendingPathComponent(name)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
  }
}
