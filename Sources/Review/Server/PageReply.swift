import Foundation

/// An answer to a browser.
struct PageReply: Sendable {
  var status: Int
  var type: String
  var body: [UInt8]

  init(_ status: Int, _ type: String, _ body: [UInt8]) {
    self.status = status
    self.type = type
    self.body = body
  }

  static func text(_ status: Int, _ text: String) -> PageReply {
    PageReply(status, "text/plain; charset=utf-8", Array(text.utf8))
  }

  static func json(_ value: some Encodable) throws -> PageReply {
    PageReply(200, "application/json", [UInt8](try JSONEncoder().encode(value)))
  }

  /// What an outsider gets: the same for a wrong token, a wrong host and another site.
  static let refused = text(403, "Nothing here. Use the address that sluice review printed.\n")

  /// The browser keeps no copy, sends no address of this page anywhere, runs only this page's script, and shows the page in no frame.
  static let headers = [
    "Cache-Control": "no-store",
    "Content-Security-Policy": """
    default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'
    """,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "clipboard-read=(), camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
  ]
}
