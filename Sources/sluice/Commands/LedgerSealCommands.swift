import ArgumentParser
import Core
import Foundation
import Gate

/// Where the key of a ledger is.
struct LedgerKeyOptions: ParsableArguments {
  @Option(help: "The key's file (0600): 64 hexadecimal digits.")
  var keyFile: String?

  @Option(help: "The environment variable that holds the key instead.")
  var keyEnv: String?

  @Option(help: "The environment variable that holds a passphrase instead.")
  var passphraseEnv: String?

  func validate() throws {
    if [keyFile, keyEnv, passphraseEnv].compactMap(\.self).count > 1 {
      throw ValidationError("Name one key: by --key-file, --key-env or --passphrase-env.")
    }
  }

  var source: LedgerKeySource? {
    keyFile.map { .file($0) } ?? keyEnv.map { .variable($0) } ?? passphraseEnv.map { .passphrase($0) }
  }
}

/// Which ledger gets another key or none, and why.
struct SealedLedgerOptions: ParsableArguments {
  @Argument(help: "The ledger file.", completion: .file(extensions: ["sqlite"]))
  var path = ".sluice/ledger.sqlite"

  @Option(help: "Why; it is kept in the audit chain.")
  var reason: String?
}

struct LedgerSealCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "seal",
    abstract: "Seal every text of a ledger under a key.",
    discussion: """
      Texts are sealed with XChaCha20-Poly1305 under a random key of the ledger's own, which is kept wrapped by the key that you \
      name. Later commands look for the key where it was named last. What was broken off is gone on with by the same command. \
      Copies of the ledger that lie elsewhere are yours to remove.

      Exit codes:
        0 sealed   64 a ledger that is sealed already, or no key   77 a key that others can read, or another ledger's

      Examples:
        (umask 077; openssl rand -hex 32 > ledger.key)
        sluice ledger seal --key-file ledger.key
        sluice ledger seal build/audit.sqlite \\
          --passphrase-env SLUICE_LEDGER_PASSPHRASE
      """)

  @OptionGroup var ledger: SealedLedgerOptions

  @OptionGroup var key: LedgerKeyOptions

  func run() throws {
    let copies = try LedgerSealing.seal(ledger: ledger.path, key: key.source, reason: ledger.reason)
    let warnings = copies.map { "the copy \($0) still holds every text in the clear: remove it" }
    let lines = ["\(ledger.path): sealed"] + warnings
    try StandardOutput.write(lines.map(VisibleText.line).joined(separator: "\n") + "\n")
  }
}

struct LedgerUnsealCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "unseal",
    abstract: "Make a sealed ledger a plain one.",
    discussion: """
      What was broken off is gone on with by the same command.

      Examples:
        sluice ledger unseal
        sluice ledger unseal build/audit.sqlite --key-env SLUICE_LEDGER_KEY
      """)

  @OptionGroup var ledger: SealedLedgerOptions

  @OptionGroup var key: LedgerKeyOptions

  func run() throws {
    try LedgerSealing.unseal(ledger: ledger.path, key: key.source, reason: ledger.reason)
    try StandardOutput.write("\(ledger.path): not sealed any more\n")
  }
}

struct LedgerRekeyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rekey",
    abstract: "Give a sealed ledger another key.",
    discussion: """
      The ledger's own key is wrapped anew, and nothing is sealed anew: who has kept an old copy of the ledger and the old key \
      still opens that copy.

      Examples:
        sluice ledger rekey --key-file new.key
        sluice ledger rekey --old-key-file old.key \\
          --passphrase-env SLUICE_LEDGER_PASSPHRASE
      """)

  @OptionGroup var ledger: SealedLedgerOptions

  @OptionGroup var key: LedgerKeyOptions

  @Option(help: "The present key's file, where it isn't where it was used last.")
  var oldKeyFile: String?

  @Option(help: "The environment variable that holds the present key.")
  var oldKeyEnv: String?

  @Option(help: "The environment variable that holds the present passphrase.")
  var oldPassphraseEnv: String?

  func validate() throws {
    if [oldKeyFile, oldKeyEnv, oldPassphraseEnv].compactMap(\.self).count > 1 {
      throw ValidationError("Name one present key.")
    }
    if key.source == nil {
      throw ValidationError("Name the new key: by --key-file, --key-env or --passphrase-env.")
    }
  }

  func run() throws {
    guard let new = key.source else { return }
    let old: LedgerKeySource? =
      oldKeyFile.map { .file($0) } ?? oldKeyEnv.map { .variable($0) } ?? oldPassphraseEnv.map { .passphrase($0) }
    try LedgerSealing.rekey(ledger: ledger.path, old: old, new: new, reason: ledger.reason)
    try StandardOutput.write("\(ledger.path): has another key\n")
  }
}
