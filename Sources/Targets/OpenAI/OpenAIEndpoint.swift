import Core
import Foundation

/// Which of the two protocols a model is asked in.
public enum OpenAIAPI: String, CaseIterable, Sendable {
  /// `/v1/chat/completions`: the server applies the model's own chat template.
  case chat
  /// `/v1/completions`: plain text is continued; the policy's `template` wraps the attack.
  case completions

  var path: String {
    switch self {
    case .chat: "chat/completions"
    case .completions: "completions"
    }
  }
}

/// The address that requests go to, made from what people write in a policy.
///
/// All of these mean the same: `http://host:8000`, `http://host:8000/`, `http://host:8000/v1`,
/// `http://host:8000/v1/chat/completions`. A base without any version segment (`v1`, `v1beta`, …) gets `/v1`; one that
/// has a version stays as it is (`https://host/v1beta/openai`). Where the path is written to its end
/// (`…/deployments/name/chat/completions`), what is before the end is the base as it stands. A query goes with every call.
struct OpenAIEndpoint: Sendable, CustomStringConvertible, CustomReflectable {
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

  init(_ text: String, api: OpenAIAPI) throws { try self.init(text, path: api.path) }

  /// - Parameter path: of the call below the version, for example `moderations`.
  /// - Throws: `SluiceError` (64) for anything but an absolute http or https URL without user name and password.
  init(_ text: String, path: String) throws {
    let parts = try URLParts(text)
    var segments = parts.path.split(separator: "/").map(String.init)
    let tails = [["chat", "completions"], ["completions"], ["moderations"], ["fine_tuning", "jobs"]]
    if let tail = tails.first(where: { segments.suffix($0.count) == $0[...] }) {
      segments.removeLast(tail.count)
    } else if !segments.contains(where: OpenAIEndpoint.isVersion) {
      segments.append("v1")
    }
    base = (["\(parts.scheme)://\(parts.host)"] + segments).joined(separator: "/")
    self.path = path
    query = parts.query
  }

  private init(base: String, path: String, query: String) {
    self.base = base
    self.path = path
    self.query = query
  }

  /// Another call on the same server.
  func call(_ path: String) -> OpenAIEndpoint { OpenAIEndpoint(base: base, path: path, query: query) }

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
