import Core
import Foundation

/// The whole summary as JSON, keys sorted, the same bytes for the same summary.
///
/// `schema` is the version of this document's shape. JSON has no infinities: a bound about which the data say nothing is
/// the string `inf` or `-inf`, and an undefined number `nan`, so that every number survives reading back.
public enum JSONReport {
  struct Document: Codable {
    var schema = RunSummary.schemaVersion
    var sluice: String
    var date: String
    var summary: RunSummary
  }

  /// - Throws: `InternalError` when the summary contradicts itself; an encoding error, which would be a bug.
  public static func render(_ summary: RunSummary, date: Date, version: String) throws -> [UInt8] {
    try summary.requireAgreement()
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .words
    let document = Document(sluice: version, date: Timestamp(date).iso, summary: summary)
    return VisibleText.json(Array(try encoder.encode(document))) + [UInt8(ascii: "\n")]
  }

  /// The summary in a report that `render` made.
  /// - Throws: `SluiceError` (usage) for anything else, and for a schema version this software doesn't know.
  public static func summary(in bytes: [UInt8], file: String) throws -> RunSummary {
    struct Version: Decodable { let schema: Int }
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .words
    let data = Data(bytes)
    guard let version = try? decoder.decode(Version.self, from: data) else {
      throw SluiceError.badInput(
        "this is no JSON report of Sluice", file: file, remedy: "Name a file that report.json of a policy wrote.")
    }
    guard version.schema == RunSummary.schemaVersion else {
      throw SluiceError.badInput(
        "the report has schema version \(version.schema), this software reads \(RunSummary.schemaVersion)", file: file,
        remedy: "Read it with the version of Sluice that wrote it.")
    }
    do {
      return try decoder.decode(Document.self, from: data).summary
    } catch {
      throw SluiceError.badInput(
        "the report is damaged: \(error)", file: file, remedy: "Write it again from the ledger.")
    }
  }
}

extension Reporter {
  /// The whole summary, for programs.
  public static let json = Reporter(
    name: "json", summary: "JSON file",
    marks: [ReportMark("{", [#""schema" : "#, #""sluice" : ""#, #""date" : ""#])]
  ) { summary, context in
    try JSONReport.render(summary, date: context.date, version: context.version)
  }
}
