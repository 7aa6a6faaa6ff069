import Foundation
import Testing

@testable import Evidence

@Suite("Message authentication")
struct MessageAuthenticationTests {
  private func code(_ message: [UInt8], _ key: [UInt8]) -> String {
    MessageAuthentication.code(of: message, key: key).map { String(format: "%02x", $0) }.joined()
  }

  @Test("has the values of RFC 4231, for keys shorter and longer than a block")
  func vectors() {
    #expect(
      code(Array("Hi There".utf8), [UInt8](repeating: 0x0B, count: 20))
        == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
    #expect(
      code(Array("what do ya want for nothing?".utf8), Array("Jefe".utf8))
        == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    #expect(
      code(
        Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8), [UInt8](repeating: 0xAA, count: 131))
        == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
  }
}
