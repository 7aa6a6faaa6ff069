/// A request as far as it matters who sends it and what for.
struct PageRequest: Sendable {
  var method: String
  /// The address's path, without its query.
  var path: String
  var query: [String: String] = [:]
  var host: String?
  var origin: String?
  /// What a browser says of who asks: its header `Sec-Fetch-Site`.
  var fetchSite: String?
  var contentType: String?
  var body: [UInt8] = []
}

/// Decides who may ask, before anything looks at what is asked. Cookies play no part: who has the address has the token.
///
/// Another site's page can make a browser send requests to this one. It can't read or forge what is checked here: its own name
/// resolved to this machine shows in `Host`, its form or script in `Origin` and `Sec-Fetch-Site`, and it doesn't know a token.
struct RequestGuard: Sendable {
  /// A person's way in.
  struct Pass: Codable, Sendable {
    let reviewer: String
    let token: String

    static func new(_ reviewers: [String]) -> [Pass] {
      reviewers.map { Pass(reviewer: $0, token: RequestGuard.newToken()) }
    }
  }

  enum Outcome: Hashable, Sendable {
    /// - path: what follows the token, for example `style.css`.
    case admitted(reviewer: String, path: String)
    /// Nothing is said of why.
    case refused
  }

  let port: UInt16
  let passes: [Pass]

  private var hosts: [String] { ["127.0.0.1:\(port)", "localhost:\(port)"] }

  func outcome(of request: PageRequest) -> Outcome {
    guard let host = request.host, hosts.contains(host) else { return .refused }
    if let origin = request.origin, origin != "http://\(host)" { return .refused }
    if let site = request.fetchSite, !["same-origin", "none"].contains(site) { return .refused }
    let parts = request.path.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).dropFirst()
    let rest = (parts.first ?? "").split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard rest.count == 2, let given = rest.first else { return .refused }
    var reviewer: String?
    for pass in passes where Self.isSame(given, pass.token) { reviewer = pass.reviewer }
    guard let reviewer else { return .refused }
    // What changes something must come from this page's script: a form can't send JSON.
    if request.method != "GET", request.origin == nil || request.contentType != "application/json" { return .refused }
    return .admitted(reviewer: reviewer, path: String(rest[1]))
  }

  /// Takes as long whatever differs.
  private static func isSame(_ given: Substring, _ token: String) -> Bool {
    let (a, b) = (Array(given.utf8), Array(token.utf8))
    guard a.count == b.count else { return false }
    return zip(a, b).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
  }

  /// 256 random bits, hexadecimal.
  static func newToken() -> String {
    var random = SystemRandomNumberGenerator()
    return (0..<4).map { _ in
      let word = String(UInt64.random(in: .min ... .max, using: &random), radix: 16)
      return String(repeating: "0", count: 16 - word.count) + word
    }.joined()
  }
}
