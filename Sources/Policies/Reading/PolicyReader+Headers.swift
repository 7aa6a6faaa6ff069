import Core
import Kinds

extension PolicyReader {
  /// The header fields of a mapping; what is wrong is noted and left out.
  mutating func headers(_ node: PolicyNode, of key: PolicyKey, path: [String]) -> [(name: String, value: String)] {
    guard let entries = node.entries else {
      diagnostics.add(
        "\(Section.described(path)) must be a mapping of header names to values, not \(node.kind)", at: node.place,
        remedy: "For example: \(key.example ?? "headers: {X-Tenant: acme}")")
      return []
    }
    var found: [(name: String, value: String)] = []
    for entry in entries {
      let name = entry.key.lowercased()
      let what = Section.described(path + [entry.key])
      guard Self.isToken(entry.key) else {
        diagnostics.add(
          "\(quoted(entry.key)) can't be the name of a header", at: entry.place,
          remedy: "Use letters, digits and -, for example X-Tenant.")
        continue
      }
      if found.contains(where: { $0.name.lowercased() == name }) {
        diagnostics.add("the header \(quoted(entry.key)) is given twice", at: entry.place, remedy: "Keep one.")
      } else if Self.ownHeaders.contains(name) {
        diagnostics.add(
          "\(what) is not for a policy to set", at: entry.place, remedy: "Leave it out: every request says it itself.")
      } else if let value = header(entry, called: what, path: path) {
        found.append((entry.key, value))
      }
    }
    return found
  }

  private mutating func header(_ entry: PolicyNode.Entry, called what: String, path: [String]) -> String? {
    let field = PolicyKey(name: entry.key, shape: .text, help: "The header's value.")
    guard let value = scalar(entry.value, key: field, path: path + [entry.key]) else { return nil }
    let variables = EnvironmentExpansion.names(in: entry.value.scalar ?? "")
    if Self.holdsSecret(entry.key.lowercased()) {
      noteSecrets(of: variables)
      if variables.isEmpty {
        diagnostics.add(
          "\(what) is written in the policy, where everybody can read it", at: entry.value.place,
          remedy: "Take it from the environment: \(entry.key): \"${API_KEY}\".")
        return nil
      }
    }
    guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 }) else {
      diagnostics.add(
        "\(what) holds a line break or another control character", at: entry.value.place,
        remedy: "A header's value is one line.")
      return nil
    }
    return value
  }

  /// What the client says of the request itself.
  private static let ownHeaders: Set<String> = [
    "content-length", "transfer-encoding", "connection", "host", "expect", "te", "trailer", "upgrade",
    "accept-encoding", "content-encoding",
  ]

  /// Whether keys, tokens and sessions of people are sent under a name.
  /// - Parameter name: in lower case.
  private static func holdsSecret(_ name: String) -> Bool {
    WebAddress.namesSecret(name) || name.hasSuffix("cookie") || name.hasSuffix("auth") || name.hasSuffix("apikey")
  }

  /// A name as RFC 9110, section 5.6.2, has it.
  private static func isToken(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.count <= 128
      && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "!#$%&'*+-.^_`|~".contains($0)) }
  }
}
