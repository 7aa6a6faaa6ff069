import CLibsodium
import Core

/// Seals texts under a data key: XChaCha20-Poly1305 (IETF) with the row's identity as associated data.
///
/// The nonce is a keyed hash of identity and text, so that equal texts of one row seal to equal bytes and can be looked up; who has
/// no key learns no more than that they are equal. What identifies texts (keys for look-ups, hashes of artifacts) is a keyed
/// BLAKE2b hash, so that nobody can test a guess.
final class Sealer: Sendable {
  private let sealing: [UInt8]
  private let nonces: [UInt8]
  private let keys: [UInt8]
  private let digests: [UInt8]

  /// What stands before the nonce: a byte that no UTF-8 has, so that no text is taken for a sealed one, and the format's name.
  private static let mark: [UInt8] = [0xFF] + Array("sealed1".utf8)
  private static let markWord = mark.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
  private static let nonceSize = Int(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES)
  private static let tagSize = Int(crypto_aead_xchacha20poly1305_ietf_ABYTES)

  /// - Parameter dataKey: random, of `LedgerKeySource.size` bytes.
  init(dataKey: [UInt8]) throws {
    func derived(_ number: UInt64) throws -> [UInt8] {
      var key = [UInt8](repeating: 0, count: LedgerKeySource.size)
      guard sodium_init() >= 0, dataKey.count == Int(crypto_kdf_KEYBYTES),
        crypto_kdf_derive_from_key(&key, key.count, number, "sluice01", dataKey) == 0
      else { throw InternalError("libsodium can't derive a key") }
      return key
    }
    (sealing, nonces, keys, digests) = (try derived(1), try derived(2), try derived(3), try derived(4))
  }

  static func isSealed(_ bytes: UnsafeRawBufferPointer) -> Bool {
    // Every value that is read is asked: eight bytes at once.
    bytes.count >= mark.count && UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)) == markWord
  }

  /// - Parameter identity: of the row and column.
  func seal(_ text: UnsafeRawBufferPointer, identity: UnsafeRawBufferPointer) -> [UInt8] {
    let start = Self.mark.count + Self.nonceSize
    return [UInt8](unsafeUninitializedCapacity: start + text.count + Self.tagSize) { sealed, count in
      guard let bytes = sealed.baseAddress else { return }
      let nonce = bytes + Self.mark.count
      bytes.update(from: Self.mark, count: Self.mark.count)
      withNonce(of: text, identity) { nonce.update(from: $0, count: Self.nonceSize) }
      var length: UInt64 = 0
      _ = crypto_aead_xchacha20poly1305_ietf_encrypt(
        bytes + start, &length, Self.start(text), UInt64(text.count), Self.start(identity), UInt64(identity.count), nil,
        nonce, sealing)
      count = start + Int(length)
    }
  }

  /// Opens what was sealed for a row.
  /// - Parameter use: called with the text, which lives no longer.
  /// - Returns: whether this key sealed it for that row; else `use` isn't called.
  func open(
    _ sealed: UnsafeRawBufferPointer, identity: UnsafeRawBufferPointer, _ use: (UnsafeRawBufferPointer) -> Void
  ) -> Bool {
    let start = Self.mark.count + Self.nonceSize
    guard Self.isSealed(sealed), sealed.count >= start + Self.tagSize, let bytes = Self.start(sealed) else {
      return false
    }
    let count = sealed.count - start
    return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: count) { text in
      var length: UInt64 = 0
      let code = crypto_aead_xchacha20poly1305_ietf_decrypt(
        text.baseAddress, &length, nil, bytes + start, UInt64(count), Self.start(identity), UInt64(identity.count),
        bytes + Self.mark.count, sealing)
      guard code == 0 else { return false }
      use(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(text).prefix(Int(length))))
      return true
    }
  }

  /// Whether bytes have the nonce and the length of a text that is sealed for a row.
  ///
  /// The nonce is a keyed hash of 192 bits of both, so that nothing needs to be opened. It doesn't say that the rest of the bytes can
  /// be opened.
  func isSealed(
    _ sealed: UnsafeRawBufferPointer, of text: UnsafeRawBufferPointer, identity: UnsafeRawBufferPointer
  ) -> Bool {
    guard Self.isSealed(sealed), sealed.count == Self.mark.count + Self.nonceSize + text.count + Self.tagSize else {
      return false
    }
    return withNonce(of: text, identity) { nonce in
      sodium_memcmp(nonce, Self.start(sealed).map { $0 + Self.mark.count }, Self.nonceSize) == 0
    }
  }

  private func withNonce<Result>(
    of text: UnsafeRawBufferPointer, _ identity: UnsafeRawBufferPointer,
    _ use: (UnsafePointer<UInt8>) -> Result
  ) -> Result {
    let count = MemoryLayout<UInt64>.size + identity.count + text.count
    return withUnsafeTemporaryAllocation(byteCount: count, alignment: 1) { message in
      message.storeBytes(of: UInt64(identity.count).littleEndian, as: UInt64.self)
      let rest = UnsafeMutableRawBufferPointer(rebasing: message[MemoryLayout<UInt64>.size...])
      rest.copyMemory(from: identity)
      UnsafeMutableRawBufferPointer(rebasing: rest[identity.count...]).copyMemory(from: text)
      return use(Self.hash(UnsafeRawBufferPointer(message), size: Self.nonceSize, nonces))
    }
  }

  /// A key of 64 bits for look-ups.
  func key(_ text: UnsafeRawBufferPointer) -> Int64 {
    Self.hash(text, size: Int(crypto_generichash_BYTES), keys).withUnsafeBytes {
      Int64(bigEndian: $0.loadUnaligned(as: Int64.self))
    }
  }

  /// Lower-case hexadecimal, as long as SHA-256.
  func digest(_ bytes: UnsafeRawBufferPointer) -> String {
    Self.hash(bytes, size: Int(crypto_generichash_BYTES), digests).map { byte in
      String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
    }.joined()
  }

  /// Keyed BLAKE2b hash of `size` bytes.
  private static func hash(_ bytes: UnsafeRawBufferPointer, size: Int, _ key: [UInt8]) -> [UInt8] {
    var hash = [UInt8](repeating: 0, count: size)
    crypto_generichash(&hash, size, start(bytes), UInt64(bytes.count), key, key.count)
    return hash
  }

  private static func start(_ bytes: UnsafeRawBufferPointer) -> UnsafePointer<UInt8>? {
    bytes.bindMemory(to: UInt8.self).baseAddress
  }
}

/// How a passphrase becomes a key: Argon2id with the second choice of RFC 9106 (64 MiB, three passes).
struct KeyDerivation: Hashable, Sendable {
  var salt: [UInt8]
  var passes: Int
  /// Bytes.
  var memory: Int

  /// A new salt.
  init() {
    salt = [UInt8](repeating: 0, count: Int(crypto_pwhash_SALTBYTES))
    randombytes_buf(&salt, salt.count)
    (passes, memory) = (3, 64 << 20)
  }

  /// As the ledger has it.
  /// - Throws: `LedgerDamage` for what `init` never makes: a forged row must not take all memory or time.
  init(salt: [UInt8], passes: Int, memory: Int) throws {
    guard salt.count == Int(crypto_pwhash_SALTBYTES), (1...16).contains(passes),
      (Int(crypto_pwhash_MEMLIMIT_MIN)...(1 << 30)).contains(memory)
    else { throw LedgerDamage("how its key is derived can't be read") }
    (self.salt, self.passes, self.memory) = (salt, passes, memory)
  }

  func key(of passphrase: [UInt8]) throws -> [UInt8] {
    var key = [UInt8](repeating: 0, count: LedgerKeySource.size)
    let text = passphrase.map { CChar(bitPattern: $0) }
    let code = crypto_pwhash(
      &key, UInt64(key.count), text, UInt64(text.count), salt, UInt64(passes), memory, crypto_pwhash_ALG_ARGON2ID13)
    guard code == 0 else {
      throw SluiceError(
        .inputOutput, "there is no memory to derive the ledger's key from its passphrase",
        remedy: "\(memory >> 20) MiB are needed; run on a larger machine, or rekey the ledger to a key file.")
    }
    return key
  }
}

/// A data key under a ledger key, so that another ledger key needs nothing sealed anew.
enum WrappedKey {
  private static let nonceSize = Int(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES)
  private static let tagSize = Int(crypto_aead_xchacha20poly1305_ietf_ABYTES)

  static func newDataKey() -> [UInt8] {
    var key = [UInt8](repeating: 0, count: LedgerKeySource.size)
    randombytes_buf(&key, key.count)
    return key
  }

  private static func identity(_ derivation: KeyDerivation) -> [UInt8] {
    Array("sluice sealing 1 \(derivation.passes) \(derivation.memory) ".utf8) + derivation.salt
  }

  /// The nonce, and the data key sealed.
  static func wrap(_ dataKey: [UInt8], under key: [UInt8], _ derivation: KeyDerivation) -> [UInt8] {
    var nonce = [UInt8](repeating: 0, count: nonceSize)
    randombytes_buf(&nonce, nonce.count)
    var sealed = [UInt8](repeating: 0, count: dataKey.count + tagSize)
    let identity = identity(derivation)
    _ = crypto_aead_xchacha20poly1305_ietf_encrypt(
      &sealed, nil, dataKey, UInt64(dataKey.count), identity, UInt64(identity.count), nil, nonce, key)
    return nonce + sealed
  }

  /// - Returns: nil for another key.
  static func unwrap(_ wrapped: [UInt8], under key: [UInt8], _ derivation: KeyDerivation) -> [UInt8]? {
    guard wrapped.count == nonceSize + LedgerKeySource.size + tagSize else { return nil }
    let (nonce, sealed) = (Array(wrapped.prefix(nonceSize)), Array(wrapped.dropFirst(nonceSize)))
    var dataKey = [UInt8](repeating: 0, count: LedgerKeySource.size)
    let identity = identity(derivation)
    let code = crypto_aead_xchacha20poly1305_ietf_decrypt(
      &dataKey, nil, nil, sealed, UInt64(sealed.count), identity, UInt64(identity.count), nonce, key)
    return code == 0 ? dataKey : nil
  }
}
