import Core

extension Ledger {
  /// Makes sure that a ledger could be kept at a path, without making or opening one.
  /// - Throws: `SluiceError` as `init(path:)` does for a place that is not private, or is no file's.
  public static func requireFitPlace(_ path: String) throws {
    try LedgerFile(path: path).refuseUnfit(readOnly: false)
  }
}
