import Core
import Foundation

/// The address that requests go to, made from what people write in a policy: a base, the usual call below it, and a query that
/// goes with every call.
struct ServerEndpoint: Sendable, CustomStringConvertible, CustomReflectable {
  /// Scheme, host in lower case, port and full path: what is printed.
  var address: String { "\(base)/\(path)" }
  /// Up to the version.
  private let base: String
  private let path: String
  private let query: String

  /// What requests are sent to.
  var url: String { address + query }

  /// Address and query: two deployments may differ in the query alone. A secret in it is there as 32 bits of its hash,
  /// enough to tell two keys apart and too little to give one away.
  var identity: String {
    let items = queryItems.map { item -> String in
      guard item.isSecret else { return item.text }
      let hash = String(hexadecimal: StableHash.fnv1a(item.value.utf8)).suffix(8)
      return "\(item.name)=#\(hash)"
    }
    return items.isEmpty ? address : address + "?" + items.joined(separator: "&")
  }

  /// The values in the query that no message may repeat, as they are written and as they are meant.
  var secrets: [String] { WebAddress.secrets(in: url) }

  var description: String { address }
  var customMirror: Mirror { Mirror(self, children: ["address": address]) }

  private var queryItems: [WebAddress.QueryItem] {
    query.dropFirst().split(separator: "&").map { WebAddress.QueryItem($0) }
  }

  /// The address as it stands: there is one call.
  /// - Throws: `SluiceError` (64) for anything but an absolute http or https URL without user name and password.
  init(whole text: String) throws {
    let parts = try URLParts(text)
    base = "\(parts.scheme)://\(parts.host)"
    path = String(parts.path.drop { $0 == "/" })
    query = parts.query
  }

  /// - Parameters:
  ///   - path: of the usual call below the base, for example `chat/completions`.
  ///   - tails: what an address may end in that is written to its end: what is before it is the base as it stands.
  ///   - version: ends a base that has no such segment (`v1`, `v1beta`, …) and no tail; nil for bases that need none.
  ///   - root: between the base and the call where the address has no tail.
  ///   - query: items that the address has to have; those that it has already stay.
  /// - Throws: `SluiceError` (64) for anything but an absolute http or https URL without user name and password.
  init(
    _ text: String, path: String, tails: [[String]], version: String? = nil, root: [String] = [],
    query items: [(name: String, value: String)] = []
  ) throws {
    let parts = try URLParts(text)
    var segments = parts.path.split(separator: "/").map(String.init)
    if let tail = tails.first(where: { segments.suffix($0.count) == $0[...] }) {
      segments.removeLast(tail.count)
    } else {
      if let version, !segments.contains(where: ServerEndpoint.isVersion) { segments.append(version) }
      segments += root
    }
    base = (["\(parts.scheme)://\(parts.host)"] + segments).joined(separator: "/")
    self.path = path
    let own = parts.query.dropFirst().split(separator: "&").map(String.init)
    let missing = items.filter { item in !own.contains { WebAddress.QueryItem($0).name == item.name } }
    let all = own + missing.map { "\($0.name)=\(Self.escaped($0.value))" }
    query = missing.isEmpty ? parts.query : "?" + all.joined(separator: "&")
  }

  /// A name as one segment of a path, or as a value of a query.
  static func escaped(_ name: String) -> String {
    let plain = CharacterSet(charactersIn: "-._~ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
    // Nil only for texts that are no Unicode, which Swift has none of.
    return name.addingPercentEncoding(withAllowedCharacters: plain) ?? ""
  }

  private init(base: String, path: String, query: String) {
    self.base = base
    self.path = path
    self.query = query
  }

  /// Another call on the same server.
  func call(_ path: String) -> ServerEndpoint { ServerEndpoint(base: base, path: path, query: query) }

  private static func isVersion(_ segment: String) -> Bool {
    segment.first == "v" && segment.dropFirst().first?.isWholeNumber == true
  }
}

/// A URL taken apart as far as joining needs; libcurl judges the rest.
private struct URLParts {
  let scheme: String
  /// Host and port, in lower case.
  let host: String
  let path: String
  /// With its question mark; empty for none.
  let query: String

  init(_ text: String) throws {
    // The text itself isn't repeated in messages: it may hold a password by mistake.
    func refuse(_ message: String) -> SluiceError {
      SluiceError(.usage, message, remedy: "write it like http://127.0.0.1:8000/v1 or https://api.example.com/v1")
    }
    guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
      throw refuse("the url has a space, line break or non-ASCII character in it")
    }
    guard let separator = text.firstRange(of: "://") else { throw refuse("the url has no scheme") }
    scheme = text[..<separator.lowerBound].lowercased()
    guard scheme == "http" || scheme == "https" else {
      throw refuse("the url has the scheme '\(scheme.prefix(20))', not http or https")
    }
    let rest = text[separator.upperBound...]
    let hostEnd = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
    host = rest[..<hostEnd].lowercased()
    guard !host.isEmpty, !host.hasPrefix(":") else { throw refuse("the url has no host") }
    guard !host.contains("@") else {
      throw SluiceError(
        .usage, "the url holds a user name or password",
        remedy: "take it out of the url; name the environment variable that holds the key in 'api_key_env'")
    }
    guard !rest.contains("#") else { throw refuse("the url has a fragment ('#')") }
    let queryStart = rest.firstIndex(of: "?") ?? rest.endIndex
    path = String(rest[hostEnd..<queryStart])
    query = String(rest[queryStart...])
  }
}
