import Core
import Foundation
import Kinds

/// What the owner of a machine lets policies do: which hosts they may ask, and which environment variables they may read.
///
/// Policies come with pull requests, from people who must not send the machine's keys wherever they like. The site's file does
/// not: `SLUICE_SITE` names it, else `/etc/sluice/site.yaml` is read where it exists.
public struct Site: Sendable, Hashable {
  static let usualPath = "/etc/sluice/site.yaml"
  private static let largestFile = 1 << 20

  /// Nil where there is none.
  public let path: String?
  /// Nil for all.
  private let hosts: [Host]?
  /// Nil for all.
  private let variables: Set<String>?

  private enum Host: Hashable {
    /// Any port where it has none.
    case exact(ServerHost)
    /// `*.example.com`: every name that ends so.
    case below(String, port: Int?)

    func allows(_ host: ServerHost) -> Bool {
      switch self {
      case .exact(let own): own.name == host.name && (own.port ?? host.port) == host.port
      case .below(let name, let port): host.name.hasSuffix("." + name) && (port ?? host.port) == host.port
      }
    }

    init?(_ text: String) {
      if text.hasPrefix("*.") {
        guard let host = ServerHost(text.dropFirst(2)) else { return nil }
        self = .below(host.name, port: host.port)
      } else {
        // An IPv6 address may stand without brackets where it has no port.
        let isBare = text.filter { $0 == ":" }.count > 1 && !text.hasPrefix("[")
        guard let host = ServerHost(isBare ? "[\(text)]" : text) else { return nil }
        self = .exact(host)
      }
    }
  }

  /// Allows everything.
  public static let open = Site(path: nil, hosts: nil, variables: nil)

  private init(path: String?, hosts: [Host]?, variables: Set<String>?) {
    self.path = path
    self.hosts = hosts
    self.variables = variables
  }

  /// - Parameter environment: where `SLUICE_SITE` is looked up.
  /// - Throws: `SluiceError` (usage) for a file that can't be read or understood: a limit that nobody can read is none.
  public static func load(environment: [String: String] = ProcessInfo.processInfo.environment) throws -> Site {
    let named = environment["SLUICE_SITE"].flatMap { $0.isEmpty ? nil : $0 }
    guard let path = named ?? (isThere(usualPath) ? usualPath : nil) else { return .open }
    let bytes = try BoundedFile.read(
      path, what: "the site file", limit: largestFile, hint: "It lists hosts and variables, and is a page at most.")
    return try Site(bytes, path: path)
  }

  /// Whatever keeps the file from being looked at is no proof that there is none.
  private static func isThere(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 || errno != ENOENT && errno != ENOTDIR
  }

  init(_ bytes: [UInt8], path: String) throws {
    let example = "Write it as: allow: {hosts: [api.example.com, \"127.0.0.1:8000\"], env: [API_KEY]}"
    func wrong(_ message: String, _ place: SourceLocation, remedy: String = example) -> SluiceError {
      SluiceError(.usage, "the site file: \(message)", at: place, remedy: remedy)
    }
    let text: String
    do {
      text = try TextDecoding.text(bytes)
    } catch {
      throw wrong(
        "it is not UTF-8", SourceLocation(file: path, line: error.line, column: error.column),
        remedy: "Save it as UTF-8 text.")
    }
    let start = SourceLocation(file: path, line: 1, column: 1)
    guard let root = try YAMLText.node(text, file: path), let entries = root.entries else {
      throw wrong("it is no mapping", start)
    }
    for entry in entries where entry.key != "allow" { throw wrong("unknown key \(quoted(entry.key))", entry.place) }
    guard let allow = root.value("allow"), let limits = allow.entries, !limits.isEmpty else {
      throw wrong("'allow' must be a mapping with 'hosts', 'env' or both", root.value("allow")?.place ?? start)
    }
    func texts(_ node: PolicyNode, _ name: String) throws -> [(String, SourceLocation)] {
      guard case .sequence(let items) = node.content else { throw wrong("allow.\(name) must be a list", node.place) }
      return try items.map { item in
        guard let text = item.scalar else { throw wrong("allow.\(name) has \(item.kind) in it", item.place) }
        return (text, item.place)
      }
    }
    var hosts: [Host]?
    var variables: Set<String>?
    for entry in limits {
      switch entry.key {
      case "hosts":
        hosts = try texts(entry.value, "hosts").map { text, place in
          guard let host = Host(text) else {
            throw wrong(
              "\(quoted(text)) is no host", place, remedy: "Write a name or an address, with :port or without.")
          }
          return host
        }
      case "env":
        variables = Set(
          try texts(entry.value, "env").map { text, place in
            guard EnvironmentExpansion.isName(text) else {
              throw wrong("\(quoted(text)) is no name of an environment variable", place)
            }
            return text
          })
      default: throw wrong("unknown key \(quoted(entry.key)) in allow", entry.place)
      }
    }
    self.init(path: path, hosts: hosts, variables: variables)
  }

  func allows(variable: String) -> Bool { variables?.contains(variable) ?? true }

  /// - Parameter url: an `http` or `https` address. One whose port is chosen later is allowed where every port of its host is.
  func allows(url: String) -> Bool {
    guard let hosts else { return true }
    guard let host = ServerHost(url: url) ?? PortMark.host(url: url) else { return false }
    return hosts.contains { $0.allows(host) }
  }

  /// What a policy can see of the environment.
  func visible(_ environment: [String: String]) -> [String: String] {
    variables == nil ? environment : environment.filter { allows(variable: $0.key) }
  }

  /// Whether a path leads to the site's file, however it is written.
  func isAt(_ other: String) -> Bool {
    guard let path else { return false }
    func resolved(_ path: String) -> String { URL(fileURLWithPath: path).resolvingSymlinksInPath().path }
    if resolved(path) == resolved(other) { return true }
    var (own, its) = (stat(), stat())
    return stat(path, &own) == 0 && stat(other, &its) == 0 && own.st_dev == its.st_dev && own.st_ino == its.st_ino
  }
}
