#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Host and port of a server in one spelling: equal ones lead to the same place.
///
/// Names are in lower case without a trailing dot. `2130706433` and `127.1` stay what they are, although systems take them
/// for an address: allowing `127.0.0.1` does not allow them.
public struct ServerHost: Hashable, Sendable {
  /// A name, an IPv4 address of four numbers, or an IPv6 address without brackets in its shortest form.
  public let name: String
  /// Nil where none is written.
  public let port: Int?

  /// - Parameter authority: `host`, `host:8000`, `[::1]` or `[::1]:8000`; nil for anything else, also with a user in it.
  public init?(_ authority: some StringProtocol) {
    let text = authority.lowercased()
    var (host, rest) = (Substring(), Substring())
    if text.hasPrefix("[") {
      guard let end = text.firstIndex(of: "]") else { return nil }
      (host, rest) = (text[..<end].dropFirst(), text[text.index(after: end)...])
      guard let address = Self.shortest(ipv6: String(host)) else { return nil }
      name = address
    } else {
      let colon = text.firstIndex(of: ":") ?? text.endIndex
      (host, rest) = (text[..<colon], text[colon...])
      if host.hasSuffix(".") { host = host.dropLast() }
      let isName = host.utf8.allSatisfy {
        $0 >= 0x61 && $0 <= 0x7A || $0 >= 0x30 && $0 <= 0x39 || $0 == 0x2D || $0 == 0x2E || $0 == 0x5F
      }
      guard isName, !host.isEmpty, !host.hasPrefix("."), !host.contains("..") else { return nil }
      name = String(host)
    }
    if rest.isEmpty {
      port = nil
    } else {
      let digits = rest.dropFirst()
      guard rest.first == ":", digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
      if digits.isEmpty {
        port = nil
      } else {
        guard let number = Int(digits), (1...65_535).contains(number) else { return nil }
        port = number
      }
    }
  }

  /// Host and port of an `http` or `https` address, the protocol's own port where it writes none; nil where it isn't one.
  public init?(url: String) {
    guard let separator = url.firstRange(of: "://") else { return nil }
    let scheme = url[..<separator.lowerBound].lowercased()
    guard scheme == "http" || scheme == "https" else { return nil }
    let rest = url[separator.upperBound...]
    guard let host = ServerHost(rest.prefix { !"/?#".contains($0) }) else { return nil }
    name = host.name
    port = host.port ?? (scheme == "https" ? 443 : 80)
  }

  /// Whether it is this machine, however it is written.
  public var isLoopback: Bool {
    if name == "localhost" || name.hasSuffix(".localhost") { return true }
    if let bytes = Self.bytes(ipv6: name) {
      let isMapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
      if isMapped { return bytes[12] == 127 }
      return bytes[..<15].allSatisfy { $0 == 0 } && bytes[15] <= 1
    }
    // As resolvers read numbers: `127.1`, `0x7f000001`, `2130706433`.
    var address = in_addr()
    guard name.first.map({ $0.isNumber }) ?? false, inet_aton(name, &address) != 0 else { return false }
    let first = withUnsafeBytes(of: address.s_addr) { $0[0] }
    return first == 127 || address.s_addr == 0
  }

  private static func bytes(ipv6 text: String) -> [UInt8]? {
    var address = in6_addr()
    guard inet_pton(AF_INET6, text, &address) == 1 else { return nil }
    return withUnsafeBytes(of: &address) { Array($0) }
  }

  private static func shortest(ipv6 text: String) -> String? {
    guard var bytes = bytes(ipv6: text) else { return nil }
    var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    guard inet_ntop(AF_INET6, &bytes, &buffer, socklen_t(buffer.count)) != nil else { return nil }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

/// What of an address must not be shown.
public enum WebAddress {
  /// User name and password, and the values of a query whose names are those of keys: as they are written and as they are
  /// meant.
  public static func secrets(in url: String) -> [String] {
    var found: [String] = []
    if let authority = authority(of: url), let at = url[authority].lastIndex(of: "@") {
      let user = url[authority.lowerBound..<at]
      found += user.split(separator: ":", maxSplits: 1).dropFirst().map(String.init)
      if !user.contains(":") { found.append(String(user)) }
    }
    if let query = query(of: url) {
      found += query.split(separator: "&").map(QueryItem.init).filter(\.isSecret).map(\.value)
    }
    return found.flatMap { [$0, decoded($0)] }.filter { !$0.isEmpty }
  }

  /// The text with user names, passwords and the values of queries in its addresses replaced by `…`.
  public static func masked(_ text: String) -> String {
    var result = ""
    var rest = text[...]
    while let separator = rest.firstRange(of: "://") {
      result += rest[..<separator.upperBound]
      rest = rest[separator.upperBound...]
      let address = rest.prefix { !$0.isWhitespace && !"\"'<>{}".contains($0) }
      // A password may hold any character, `@` too, so the last one ends it.
      var shown = address
      if let at = address.lastIndex(of: "@") {
        result += "…"
        shown = address[at...]
      }
      if let mark = shown.firstIndex(of: "?") {
        result += shown[...mark]
        result += shown[shown.index(after: mark)...].split(separator: "&", omittingEmptySubsequences: false).map {
          item in
          item.contains("=") ? item.prefix { $0 != "=" } + "=…" : "…"
        }.joined(separator: "&")
      } else {
        result += shown
      }
      rest = rest[address.endIndex...]
    }
    return result + rest
  }

  /// One `name=value` of a query.
  public struct QueryItem: Sendable {
    /// As it stands in the address, percent-encoded.
    public let text: String
    /// What stands before the first equals sign.
    public var name: String { String(text.prefix { $0 != "=" }) }
    /// What stands behind it; empty where there is none.
    public var value: String { String(text.dropFirst(name.count + 1)) }

    /// Takes what stands between two ampersands.
    public init(_ text: some StringProtocol) { self.text = String(text) }

    /// Whether the name is one that keys, tokens and signatures go by.
    public var isSecret: Bool { WebAddress.namesSecret(name) }
  }

  /// Whether keys, tokens and signatures go by such a name: of a query's item or of an environment variable.
  public static func namesSecret(_ name: String) -> Bool {
    let word = String(
      decoding: name.lowercased().utf8.filter { $0 > 0x60 && $0 < 0x7b || $0 > 0x2f && $0 < 0x3a }, as: UTF8.self)
    return ["key", "token", "secret", "password", "passwd", "signature", "credential", "credentials"].contains(
      where: word.hasSuffix)
      || ["sig", "code", "auth", "authorization", "pass", "pwd", "sas"].contains(word)
  }

  private static func authority(of url: String) -> Range<String.Index>? {
    guard let start = url.firstRange(of: "://")?.upperBound else { return nil }
    return start..<(url[start...].firstIndex { "/?#".contains($0) } ?? url.endIndex)
  }

  private static func query(of url: String) -> Substring? {
    url.firstIndex(of: "?").map { url[url.index(after: $0)...].prefix { $0 != "#" } }
  }

  private static func decoded(_ text: String) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.first {
      let digits = rest.dropFirst().prefix(2).map { Character(Unicode.Scalar($0)).hexDigitValue }
      if byte == UInt8(ascii: "%"), digits.count == 2, let high = digits[0], let low = digits[1] {
        bytes.append(UInt8(high << 4 | low))
        rest = rest.dropFirst(3)
      } else {
        bytes.append(byte)
        rest = rest.dropFirst()
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
