import Core
import Foundation
import Reports

/// Tells reports that Sluice wrote from files that are somebody's.
enum OwnReports {
  /// Whether a regular file begins as one of our reports does.
  /// - Parameter more: formats beside those of this version.
  static func contains(_ path: String, of more: [Reporter] = []) -> Bool {
    guard FileStatus(path, followsLinks: false)?.kind == .regular,
      let (descriptor, _) = try? BoundedFile.open(path, what: "the report")
    else { return false }
    defer { close(descriptor) }
    var chunk = [UInt8](repeating: 0, count: 4096)
    let count = BoundedFile.read(descriptor, &chunk)
    let head = String(decoding: chunk.prefix(max(0, count)), as: UTF8.self)
    return (marks + (Reporter.all + more).flatMap(\.marks)).contains { $0.isIn(head) }
  }

  /// What `attacker prepare` writes beside its output.
  private static let marks = [
    ReportMark("# Reference attacker: ", ["| base sha256 | `"]),
    ReportMark("{", [#""base" : ""#, #""baseFingerprint" : ""#]),
  ]
}
