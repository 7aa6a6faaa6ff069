import CLibsodium
import Core
import Foundation

extension LedgerKeySource {
  /// What the ledger remembers of it.
  var stored: (kind: String, place: String) {
    switch self {
    case .file(let path): ("file", path)
    case .variable(let name): ("env", name)
    case .passphrase(let name): ("passphrase_env", name)
    }
  }

  init?(kind: String, place: String) {
    switch kind {
    case "file": self = .file(place)
    case "env": self = .variable(place)
    case "passphrase_env": self = .passphrase(place)
    default: return nil
    }
  }

  var description: String {
    switch self {
    case .file(let path): "the file \(path)"
    case .variable(let name): "the environment variable \(name)"
    case .passphrase(let name): "the passphrase in the environment variable \(name)"
    }
  }

  /// Bytes of a key.
  static let size = 32
  private static let shortestPassphrase = 12
  private static let remedy = "A new key is made by: (umask 077; openssl rand -hex 32 > ledger.key)"

  /// The key itself; of a passphrase, what Argon2id makes of it.
  /// - Throws: `SluiceError`: permission (77) for a file that others can read; usage (64) for a key that is missing or no key.
  func key(_ derivation: KeyDerivation) throws -> [UInt8] {
    guard sodium_init() >= 0 else { throw InternalError("libsodium can't be used") }
    switch self {
    case .file(let path):
      guard let status = FileStatus(path, followsLinks: true) else {
        throw SluiceError.badInput("the ledger's key isn't there", file: path, remedy: Self.remedy)
      }
      guard [0o600, 0o400].contains(status.mode & 0o777) else {
        throw SluiceError(
          .permission, "the ledger's key can be read or changed by others than its owner",
          at: SourceLocation(file: path),
          remedy: "Run: chmod 600 \(path), and think about who may have read it.")
      }
      let text = try BoundedFile.text(path, what: "the ledger's key", limit: 4096, hint: Self.remedy)
      return try Self.key(text, SourceLocation(file: path))
    case .variable(let name): return try Self.key(Self.value(of: name), SourceLocation(file: "$\(name)"))
    case .passphrase(let name):
      let text = try Self.value(of: name)
      guard text.count >= Self.shortestPassphrase else {
        throw SluiceError(
          .usage, "the passphrase in \(name) is shorter than \(Self.shortestPassphrase) characters",
          remedy: "Use a longer one: five random words are easily kept and hard to guess.")
      }
      return try derivation.key(of: Array(text.utf8))
    }
  }

  private static func value(of name: String) throws -> String {
    guard let text = ProcessInfo.processInfo.environment[name], !text.isEmpty else {
      throw SluiceError(
        .usage, "the environment variable \(name), which has the ledger's key, is not set or empty",
        remedy: "Set it, or name where the key is with --key-file, --key-env or --passphrase-env.")
    }
    return text
  }

  private static func key(_ text: String, _ place: SourceLocation) throws -> [UInt8] {
    let digits = Array(text.trimmingCharacters(in: .whitespacesAndNewlines).utf8)
    let bytes = stride(from: 0, to: digits.count - 1, by: 2).compactMap { index in
      UInt8(String(decoding: digits[index..<(index + 2)], as: UTF8.self), radix: 16)
    }
    guard digits.count == 2 * size, bytes.count == size else {
      throw SluiceError(
        .usage, "this is no key of a ledger: it has to be \(2 * size) hexadecimal digits", at: place, remedy: remedy)
    }
    return bytes
  }
}
