import Core
import Foundation

/// The whole summary as JSON with a versioned schema (`schema`), keys sorted. Infinite and missing bounds are the strings
/// `inf`, `-inf` and `nan`, since JSON has no such numbers.
public enum JSONReport {
  private struct Document: Encodable {
    let sluice: String
    let date: String
    let summary: RunSummary
  }

  /// - Throws: an encoding error, which would be a bug.
  public static func render(_ summary: RunSummary, date: Date, version: String) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    let document = Document(sluice: version, date: date.ISO8601Format(), summary: summary)
    return Array(try encoder.encode(document)) + [UInt8(ascii: "\n")]
  }
}
