#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension ServerHost {
  /// The host in the one spelling that all of its spellings share: numbers as resolvers read them (`127.1`, `0x7f.1`), and one name for
  /// this machine. For telling two servers apart, not for allowing one.
  public var place: String {
    if name == "localhost" || name.hasSuffix(".localhost") || name == "::1" || name == "::" { return Self.thisMachine }
    var numbers = name[...]
    if name.hasPrefix("::ffff:"), name.contains(".") { numbers = name.dropFirst("::ffff:".count) }
    var address = in_addr()
    guard numbers.first?.isNumber == true, inet_aton(String(numbers), &address) != 0 else { return name }
    let bytes = withUnsafeBytes(of: address.s_addr) { Array($0) }
    return bytes == [127, 0, 0, 1] || bytes == [0, 0, 0, 0]
      ? Self.thisMachine : bytes.map { "\($0)" }.joined(separator: ".")
  }

  private static let thisMachine = "localhost"
}

extension WebAddress {
  /// An address in the one spelling that all share which lead to the same place: host, port and slashes may be written in many ways.
  /// - Returns: the address as it is where it is no `http` or `https` one.
  public static func place(of url: String) -> String {
    guard let host = ServerHost(url: url), let port = host.port, let separator = url.firstRange(of: "://") else {
      return url
    }
    let rest = url[separator.upperBound...].drop { !"/?".contains($0) }
    let path = rest.prefix { $0 != "?" }.split(separator: "/").filter { $0 != "." }
    let query = rest.drop { $0 != "?" }
    return ([url[..<separator.lowerBound].lowercased() + "://\(host.place):\(port)"] + path.map(String.init))
      .joined(separator: "/") + (query == "?" ? "" : query)
  }
}
