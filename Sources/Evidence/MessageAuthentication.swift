import CLibsodium

/// HMAC-SHA-256 (RFC 2104) by libsodium, for keys of any length.
public enum MessageAuthentication {
  /// The 32 bytes by which somebody who has the key knows that a message is whole and whose it is.
  public static func code(of message: [UInt8], key: [UInt8]) -> [UInt8] {
    var state = crypto_auth_hmacsha256_state()
    var code = [UInt8](repeating: 0, count: Int(crypto_auth_hmacsha256_BYTES))
    crypto_auth_hmacsha256_init(&state, key, key.count)
    crypto_auth_hmacsha256_update(&state, message, UInt64(message.count))
    crypto_auth_hmacsha256_final(&state, &code)
    return code
  }
}
