import Core
import Evidence
import Foundation
import Policies
import Suites

/// Takes what people said of exported responses into the ledger.
public struct LabelImport {
  public struct Result: Sendable {
    /// Lines with a label.
    public let labels: Int
    public let new: Int
    public let changed: Int
    /// Responses in the ledger that somebody labelled, by now.
    public let responses: Int
  }

  private let ledger: Ledger

  /// - Throws: `SluiceError` where the ledger isn't there or can't be written.
  public init(ledger path: String) throws {
    if let problem = PathText.problem(path) { throw problem.explained("the ledger") }
    guard FileManager.default.fileExists(atPath: path) else {
      throw SluiceError.badInput(
        "the ledger isn't there", file: path, remedy: "Name the ledger that the labels were exported from.")
    }
    ledger = try Ledger(path: path)
  }

  /// - Parameters:
  ///   - path: JSON Lines, as exported, with labels.
  ///   - reviewer: who labelled, where a line doesn't say.
  ///   - now: for the audit chain.
  /// - Throws: `PolicyErrors` with every line that is wrong; then nothing is stored.
  public func read(_ path: String, reviewer: String, now: Date = Date()) throws -> Result {
    let lines = try SuiteFile.labels(path)
    let unknown = try ledger.unknownItems(lines.map(\.item))
    let errors = lines.filter { unknown.contains($0.item) }.prefix(20).map { line in
      SluiceError.badInput(
        "the item '\(line.item.prefix(40))' was not exported from this ledger", file: path, line: line.number,
        remedy: "Leave 'item' as it was exported, and name that ledger with --ledger.")
    }
    guard errors.isEmpty else { throw PolicyErrors(Array(errors)) }
    let labels = lines.compactMap { line in
      ReviewerLabel(rawValue: line.label).map {
        ReviewedItem(item: line.item, reviewer: line.reviewer ?? reviewer, label: $0)
      }
    }
    let (new, changed) = try ledger.storeLabels(
      labels, source: try SHA256.hex(file: path), now: now.timeIntervalSince1970)
    return Result(
      labels: labels.count, new: new, changed: changed, responses: try ledger.labelledResponses().count)
  }
}
