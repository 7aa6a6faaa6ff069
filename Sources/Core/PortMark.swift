/// `{{port}}` in an address or an argument: stands for the port that a server gets when it is started.
public enum PortMark {
  /// The mark itself.
  public static let text = "{{port}}"

  /// Whether a text has a place for a port.
  public static func isIn(_ text: String) -> Bool { text.contains(Self.text) }

  /// The text with a port in every place of the mark.
  public static func filled(_ text: String, with port: Int) -> String {
    text.replacing(Self.text, with: String(port))
  }

  /// The host, without a port, of an `http` or `https` address whose port is the mark; nil for any other.
  public static func host(url: String) -> ServerHost? {
    guard let separator = url.firstRange(of: "://"), ServerHost(url: url) == nil else { return nil }
    let authority = url[separator.upperBound...].prefix { !"/?#".contains($0) }
    let mark = ":" + text
    guard authority.hasSuffix(mark), ServerHost(url: filled(url, with: 1)) != nil else { return nil }
    return ServerHost(authority.dropLast(mark.count))
  }
}
