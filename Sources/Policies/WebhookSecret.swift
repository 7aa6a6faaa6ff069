import Core
import Foundation

/// What a webhook's messages are signed with, as the Standard Webhooks specification writes it: `whsec_` and Base64. Any other
/// text of 16 bytes or more is taken as it is.
public struct WebhookSecret: Sendable, CustomStringConvertible, CustomReflectable {
  /// The key's bytes, decoded.
  public let key: [UInt8]
  private static let mark = "whsec_"
  private static let shortest = 16

  /// Nil for what is too short, and for a mark without Base64 behind it.
  public init?(_ text: String) {
    let text = text.trimmingCharacters(in: .whitespacesAndNewlines)
    if text.hasPrefix(Self.mark) {
      guard let data = Data(base64Encoded: String(text.dropFirst(Self.mark.count))) else { return nil }
      key = [UInt8](data)
    } else {
      key = Array(text.utf8)
    }
    if key.count < Self.shortest { return nil }
  }

  public var description: String { "(secret)" }
  public var customMirror: Mirror { Mirror(self, children: []) }
}
