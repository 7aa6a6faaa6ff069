import Core
import Decisions
import Suites

/// A suite without the attacks that copy another's wording.
public enum SuiteDeduplication {
  /// Writes the lines of a suite file whose wording no earlier line has, byte for byte as they were.
  /// - Parameters:
  ///   - path: of a suite in Sluice's own JSON Lines.
  ///   - output: a new file.
  /// - Returns: how many attacks were kept and dropped.
  /// - Throws: `PolicyErrors` and `SluiceError`: usage (64), permission (77), I/O (74).
  public static func write(_ path: String, to output: String) throws -> (kept: Int, dropped: Int) {
    let reading = try SuiteFile.attacks(path)
    if let remark = reading.remark {
      throw SluiceError.badInput(
        "only Sluice's own JSON Lines can be thinned out; \(remark)", file: path,
        remedy: "Convert it first: sluice suite import \(path) --into suite.jsonl.")
    }
    try OutputFile.checkNew(output, what: "the suite file", remedy: "Name a new file: suites are never overwritten.")
    let marked = NearCopies(reading.items.map { SuiteAttack(attack: $0, foundOn: nil) }).attacks
    let lines = try BoundedFile.read(
      path, what: "the suite file", limit: SuiteFile.largestFile, hint: "Split the suite."
    ).split(separator: UInt8(ascii: "\n")).filter { line in line.contains { ![0x20, 0x09, 0x0d].contains($0) } }
    let kept = zip(marked, lines).filter { $0.0.wording == $0.0.attack.id.name }.map(\.1)
    try OutputFile.write(
      Array(kept.joined(separator: [UInt8(ascii: "\n")])) + [UInt8(ascii: "\n")], to: output, what: "the suite file")
    return (kept.count, marked.count - kept.count)
  }
}
