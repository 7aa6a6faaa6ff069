import Core
import Foundation

/// Tells reports that Sluice wrote from files that are somebody's.
enum OwnReports {
  /// Whether a regular file begins as one of our reports does.
  static func contains(_ path: String) -> Bool {
    guard FileStatus(path, followsLinks: false)?.kind == .regular,
      let (descriptor, _) = try? BoundedFile.open(path, what: "the report")
    else { return false }
    defer { close(descriptor) }
    var chunk = [UInt8](repeating: 0, count: 4096)
    let count = BoundedFile.read(descriptor, &chunk)
    let head = String(decoding: chunk.prefix(max(0, count)), as: UTF8.self)
    return marks.contains { mark in head.hasPrefix(mark.start) && mark.words.allSatisfy(head.contains) }
  }

  /// How a file starts, and words that are near.
  private static let marks: [(start: String, words: [String])] = [
    (#"<?xml version="1.0""#, [#"<testsuite package="sluice" id="0""#]),
    ("<!DOCTYPE html>", [#"content="default-src 'none'; style-src 'unsafe-inline'">"#]),
    ("{", [#""schema" : "#, #""sluice" : ""#, #""date" : ""#]),
    ("## ✅ PASS: ", []), ("## ❌ FAIL: ", []), ("## ⚠️ INCONCLUSIVE: ", []),
    // What `attacker prepare` writes beside its output.
    ("# Reference attacker: ", ["| base sha256 | `"]),
    ("{", [#""base" : ""#, #""baseFingerprint" : ""#]),
  ]
}
