/// Where the key of a sealed ledger comes from.
public enum LedgerKeySource: Hashable, Sendable {
  /// A file with 64 hexadecimal digits that its owner alone can read.
  case file(String)
  /// An environment variable with 64 hexadecimal digits.
  case variable(String)
  /// An environment variable with a passphrase.
  case passphrase(String)
}
