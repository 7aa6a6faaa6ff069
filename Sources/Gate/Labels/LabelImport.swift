import Core
import Evidence
import Foundation
import Policies
import Suites

/// Takes what people said of exported responses into the ledger.
public struct LabelImport {
  /// What an import changed.
  public struct Result: Sendable {
    /// Lines with a label.
    public let labels: Int
    /// Labels of a response that the reviewer had not labelled.
    public let new: Int
    /// Labels that replaced another one of the same reviewer.
    public let changed: Int
    /// Responses in the ledger that somebody labelled, by now.
    public let responses: Int
  }

  private let ledger: Ledger

  /// - Throws: `SluiceError` where the ledger isn't there or can't be written.
  public init(ledger path: String) throws {
    ledger = try Ledger(existing: path)
  }

  /// - Parameters:
  ///   - path: JSON Lines, as exported, with labels.
  ///   - reviewer: who labelled, where a line doesn't say; nil where each line has to.
  ///   - now: for the audit chain.
  /// - Throws: `PolicyErrors` with every line that is wrong; then nothing is stored.
  public func read(_ path: String, reviewer: String?, now: Date = Date()) throws -> Result {
    let lines = try SuiteFile.labels(path)
    let unknown = try ledger.unknownItems(lines.map(\.item))
    let errors = lines.compactMap { line -> SluiceError? in
      if unknown.contains(line.item) {
        return .badInput(
          "the item '\(line.item.prefix(40))' was not exported from this ledger", file: path, line: line.number,
          remedy: "Leave 'item' as it was exported, and name that ledger with --ledger.")
      }
      guard (line.reviewer ?? reviewer) == nil else { return nil }
      return .badInput(
        "nobody is named who labelled this", file: path, line: line.number,
        remedy: "Name the person with --reviewer, or with the key reviewer on the line.")
    }.prefix(20)
    guard errors.isEmpty else { throw PolicyErrors(Array(errors)) }
    let labels = lines.compactMap { line -> ReviewedItem? in
      guard let label = ReviewerLabel(rawValue: line.label), let name = line.reviewer ?? reviewer else { return nil }
      return ReviewedItem(item: line.item, reviewer: name, label: label)
    }
    let (new, changed) = try ledger.storeLabels(
      labels, source: try SHA256.hex(file: path), now: now.timeIntervalSince1970)
    return Result(
      labels: labels.count, new: new, changed: changed, responses: try ledger.labelledResponses().count)
  }
}
