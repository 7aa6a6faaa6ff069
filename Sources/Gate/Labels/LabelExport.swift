import Core
import Evidence
import Foundation

/// Draws responses of a run for people to label, blind to what the judge said of them.
public struct LabelExport {
  /// What was written.
  public struct Result: Sendable {
    /// The file that was written.
    public let path: String
    /// Responses in it.
    public let items: Int
    /// Responses of the run that the judge scored.
    public let population: Int
    /// The run that they are of.
    public let run: String
    /// Remarks for the reviewers.
    public let notices: [String]
  }

  private let ledger: Ledger

  /// - Throws: `SluiceError` where the ledger isn't there, or can't be written: an export is noted in it.
  public init(ledger path: String) throws { ledger = try Ledger(existing: path) }

  /// Writes a stratified sample as JSON Lines, for its owner alone (0600). Where the policy says whose attacks these are, the first
  /// line does.
  ///
  /// - Parameters:
  ///   - asked: a run's identifier, or `last` for the last one that asked for responses.
  ///   - count: of responses; all where there are fewer.
  ///   - now: for the audit chain.
  /// - Throws: `SluiceError` for a run without such responses, or a file that is there already or can't be written.
  public func write(run asked: String, count: Int, seed: UInt64, to path: String, now: Date = Date()) throws -> Result {
    try OutputPlan(ledger: ledger.path).check(
      new: OutputPlan.Output(key: "--out", path: path),
      remedy: "Name another with --out; labels in it must not be lost.")
    let sample = try LabelSampling(ledger: ledger).draw(
      run: asked, count: count, seed: seed, now: now.timeIntervalSince1970
    ) { try OutputFile.prepare(path, what: "--out") }
    try Self.write(sample.items, sample.governance, to: path)
    return Result(
      path: path, items: sample.items.count, population: sample.population, run: sample.run, notices: sample.notices)
  }

  private static func write(_ items: [BlindItem], _ governance: Governance?, to path: String) throws {
    var text = governance.map { $0.headerLine + "\n" } ?? ""
    for item in items {
      func optional(_ value: String?) -> JSON { value.map { .string($0) } ?? .null }
      text +=
        JSON.object([
          JSON.Member("item", .string(item.item)), JSON.Member("label", .null),
          JSON.Member("category", optional(item.category)), JSON.Member("locale", optional(item.locale)),
          JSON.Member("prompt", .string(item.prompt)), JSON.Member("response", .string(item.response)),
        ]).serialized() + "\n"
    }
    try OutputFile.write(Array(text.utf8), to: path, what: "the labels", access: .owner, replaces: false)
  }
}
