import Core

/// The proxies that the environment names, read as libcurl reads them, except that this machine is always asked directly:
/// what a local model is asked is nobody else's business.
public struct ProxySettings: Sendable {
  /// One proxy and where it is named.
  public struct Proxy: Sendable, CustomReflectable {
    /// As it is written, with user and password where it has them.
    let address: String
    /// The environment variable that names it.
    public let variable: String

    /// Scheme, host and port alone.
    public var shown: String {
      let scheme = address.firstRange(of: "://").map { address[..<$0.upperBound] } ?? "http://"
      let rest = address.firstRange(of: "://").map { address[$0.upperBound...] } ?? address[...]
      let authority = rest.prefix { !"/?#".contains($0) }
      let host = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
      return String(scheme + host)
    }

    var secrets: [String] { WebAddress.secrets(in: address.contains("://") ? address : "http://" + address) }
    public var customMirror: Mirror { Mirror(self, children: ["shown": shown]) }
  }

  private let environment: [String: String]

  public init(environment: [String: String]) { self.environment = environment }

  /// Nil where the server is asked directly.
  public func proxy(for url: String) -> Proxy? {
    guard let host = ServerHost(url: url), !host.isLoopback, !isExcluded(host) else { return nil }
    // A web server hands a request's `Proxy` header on as HTTP_PROXY, so that name is left alone.
    let own = url.lowercased().hasPrefix("https:") ? ["https_proxy", "HTTPS_PROXY"] : ["http_proxy"]
    for variable in own + ["all_proxy", "ALL_PROXY"] {
      if let address = environment[variable], !address.isEmpty { return Proxy(address: address, variable: variable) }
    }
    return nil
  }

  private func isExcluded(_ host: ServerHost) -> Bool {
    let list = environment["no_proxy"] ?? environment["NO_PROXY"] ?? ""
    return list.split { $0 == "," || $0.isWhitespace }.contains { entry in
      if entry == "*" { return true }
      let parts = entry.split(separator: "/", maxSplits: 1)
      if parts.count == 2, let bits = Int(parts[1]) { return Self.isInside(host.name, String(parts[0]), bits: bits) }
      let plain = entry.hasPrefix(".") ? entry.dropFirst() : entry
      let bracketed = plain.contains(":") && !plain.hasPrefix("[") && plain.filter { $0 == ":" }.count > 1
      guard let name = ServerHost(bracketed ? "[\(plain)]" : String(plain))?.name else { return false }
      return host.name == name || host.name.hasSuffix("." + name)
    }
  }

  /// Whether an IPv4 address is in a network such as `10.0.0.0/8`.
  private static func isInside(_ name: String, _ network: String, bits: Int) -> Bool {
    func number(_ text: String) -> UInt32? {
      let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
      return parts.count == 4 && !parts.contains(nil) ? parts.reduce(0) { $0 << 8 | UInt32($1 ?? 0) } : nil
    }
    guard let address = number(name), let base = number(network), (0...32).contains(bits) else { return false }
    let mask = bits == 0 ? 0 : UInt32.max << UInt32(32 - bits)
    return address & mask == base & mask
  }
}
