import Core
import Foundation
import Policies

/// Removes the reports of an earlier run where this one can't even begin: a broken policy must not leave an old pass behind.
enum StaleReports {
  /// Reads a policy; where that fails, what its report section names is removed before the error goes on.
  static func removed(
    whereBroken path: String, overrides: [String], _ load: () throws -> Policy
  ) throws -> Policy {
    do {
      return try load()
    } catch {
      for report in Policy.reportPaths(path: path, overrides: overrides) where isOurs(report) {
        try? FileManager.default.removeItem(atPath: report)
      }
      throw error
    }
  }

  /// Whether a file begins as our reports do: a path in a policy that can't be read in full may name anything.
  private static func isOurs(_ path: String) -> Bool {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    guard attributes?[.type] as? FileAttributeType == .typeRegular,
      let file = FileHandle(forReadingAtPath: path), let bytes = try? file.read(upToCount: 4096)
    else { return false }
    let head = String(decoding: bytes, as: UTF8.self)
    return marks.contains { head.contains($0) }
  }

  /// JUnit, HTML, JSON, and the three words that a Markdown report begins with.
  private static let marks = [
    "package=\"sluice\"", "content=\"default-src 'none'; style-src 'unsafe-inline'\"", "\"sluice\" : \"", "PASS: ",
    "FAIL: ",
    "INCONCLUSIVE: ",
  ]
}
