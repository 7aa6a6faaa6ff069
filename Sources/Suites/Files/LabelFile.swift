import Core
import Kinds
import Policies

/// One verdict of a reviewer, with its line.
public struct LabelLine: Hashable, Sendable {
  /// The line in its file, from 1.
  public let number: Int
  /// The response's name in its sample.
  public let item: String
  /// What the reviewer said, as the file has it.
  public let label: String
  /// Nil where the line names nobody.
  public let reviewer: String?
}

extension SuiteFile {
  /// What `label` may be.
  public static let labels = ["unsafe", "safe", "unsure"]

  /// Labels for `sluice labels import`, one response a line, as exported: `item` and `label` (unsafe, safe or unsure; lines
  /// without one are not labelled yet and are left out), and where known `reviewer`. The other exported keys may stay.
  /// - Throws: `PolicyErrors` with everything that is wrong in the file.
  public static func labels(_ path: String) throws -> [LabelLine] {
    let lines = try read(
      path, keys: ["item", "label", "reviewer", "category", "locale", "prompt", "response", "note", "governance"],
      what: "the file of labels", hint: "Import it in parts."
    ) { line, seen -> LabelLine? in
      // The line that a file of attacks begins with.
      if line.has("governance") { return nil }
      let (item, reviewer) = (try line.text("item"), try line.optionalText("reviewer"))
      try seen.insert("\(item) \(reviewer ?? "")", of: "item", line)
      guard let label = try line.optionalText("label") else { return nil }
      guard labels.contains(label) else {
        throw line.error(
          "unknown label \(quoted(label))", remedy: suggestion(for: label, among: labels, called: "It can be"))
      }
      return LabelLine(number: line.number, item: item, label: label, reviewer: reviewer)
    }
    return lines.compactMap(\.self)
  }
}
