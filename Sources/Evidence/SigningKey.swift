import CLibsodium
import Core
import Foundation

/// An Ed25519 key for signatures (RFC 8032), in the PEM files that OpenSSL and others write (RFC 8410).
public struct SigningKey: Sendable {
  /// What signatures are verified with.
  public let publicKey: VerifyingKey
  private let secret: [UInt8]

  /// A new one, from the system's random numbers.
  public init() throws {
    var seed = [UInt8](repeating: 0, count: Int(crypto_sign_SEEDBYTES))
    randombytes_buf(&seed, seed.count)
    try self.init(seed: seed)
  }

  private init(seed: [UInt8]) throws {
    guard sodium_init() >= 0, seed.count == Int(crypto_sign_SEEDBYTES) else {
      throw InternalError("libsodium can't make a key")
    }
    var secret = [UInt8](repeating: 0, count: Int(crypto_sign_SECRETKEYBYTES))
    var own = [UInt8](repeating: 0, count: Int(crypto_sign_PUBLICKEYBYTES))
    guard crypto_sign_seed_keypair(&own, &secret, seed) == 0 else { throw InternalError("libsodium can't make a key") }
    self.secret = secret
    publicKey = VerifyingKey(bytes: own)
  }

  /// What stands before the seed: PKCS #8 with the algorithm's identifier.
  private static let prefix: [UInt8] = [
    0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
  ]

  /// The private key as a PEM file has it (PKCS #8, without a passphrase).
  public var pem: String {
    PEM.text(Self.prefix + secret.prefix(Int(crypto_sign_SEEDBYTES)), label: "PRIVATE KEY")
  }

  /// - Throws: `SluiceError` (usage) for anything but an unencrypted Ed25519 key; permission (77) for one that others can read.
  public init(file path: String) throws {
    // What is no private key needs no care, and is told as that.
    try self.init(pem: PEM.read(path), place: path)
    if let status = FileStatus(path, followsLinks: true), status.mode & 0o077 != 0 {
      throw SluiceError(
        .permission, "the private key can be read by others", at: SourceLocation(file: path),
        remedy: "Run: chmod 600 \(path), and think about who may have read it.")
    }
  }

  /// - Parameter place: what messages call it.
  public init(pem text: String, place: String) throws {
    guard let bytes = PEM.bytes(text, label: "PRIVATE KEY"), bytes.count == Self.prefix.count + 32,
      bytes.starts(with: Self.prefix)
    else {
      throw SluiceError.badInput(
        "this is no Ed25519 private key in PEM (PKCS #8, without a passphrase)", file: place,
        remedy: "sluice attest keygen makes one.")
    }
    try self.init(seed: Array(bytes.dropFirst(Self.prefix.count)))
  }

  /// Signs a message.
  /// - Throws: `InternalError` where libsodium can't sign.
  public func signature(of message: [UInt8]) throws -> [UInt8] {
    var signature = [UInt8](repeating: 0, count: Int(crypto_sign_BYTES))
    guard crypto_sign_detached(&signature, nil, message, UInt64(message.count), secret) == 0 else {
      throw InternalError("libsodium can't sign")
    }
    return signature
  }
}

/// The public half of a key.
public struct VerifyingKey: Hashable, Sendable {
  fileprivate let bytes: [UInt8]

  fileprivate init(bytes: [UInt8]) { self.bytes = bytes }

  private static let prefix: [UInt8] = [0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00]

  private var encoded: [UInt8] { Self.prefix + bytes }

  /// The key as a PEM file has it.
  public var pem: String { PEM.text(encoded, label: "PUBLIC KEY") }

  /// SHA-256 of its DER encoding, hexadecimal.
  public var id: String { SHA256.hex(encoded) }

  /// - Throws: `SluiceError` (usage) for anything but an Ed25519 public key.
  public init(file path: String) throws {
    let text = try PEM.read(path)
    guard let bytes = PEM.bytes(text, label: "PUBLIC KEY"), bytes.count == Self.prefix.count + 32,
      bytes.starts(with: Self.prefix)
    else {
      throw SluiceError.badInput(
        "this is no Ed25519 public key in PEM", file: path,
        remedy: text.contains("PRIVATE KEY")
          ? "It is a private key, which verifying must not need: name the file beside it that ends in .pub."
          : "sluice attest keygen writes one, with .pub at the end of its name.")
    }
    self.bytes = Array(bytes.dropFirst(Self.prefix.count))
  }

  /// Whether a signature is this key's, of exactly this message.
  public func accepts(_ signature: [UInt8], of message: [UInt8]) -> Bool {
    signature.count == Int(crypto_sign_BYTES) && sodium_init() >= 0
      && crypto_sign_verify_detached(signature, message, UInt64(message.count), bytes) == 0
  }
}

/// Textual encoding of keys (RFC 7468).
private enum PEM {
  static func text(_ bytes: [UInt8], label: String) -> String {
    "-----BEGIN \(label)-----\n\(Data(bytes).base64EncodedString())\n-----END \(label)-----\n"
  }

  static func read(_ path: String) throws -> String {
    try BoundedFile.text(path, what: "the key", limit: 1 << 16, hint: "Name a key in PEM.")
  }

  static func bytes(_ text: String, label: String) -> [UInt8]? {
    let lines = text.split(whereSeparator: \.isNewline).map(String.init)
    guard lines.count >= 3, lines.first == "-----BEGIN \(label)-----", lines.last == "-----END \(label)-----" else {
      return nil
    }
    return Data(base64Encoded: lines.dropFirst().dropLast().joined()).map { [UInt8]($0) }
  }
}
