import Kinds

/// `${VAR}` in values of the policy; `$${` stays a literal `${`.
package enum EnvironmentExpansion {
  enum Problem: Error, Hashable {
    case unset(String)
    case unclosed
    case badName(String)

    var message: String {
      switch self {
      case .unset(let name): "the environment variable \(name) is not set"
      case .unclosed: "${ is never closed"
      case .badName(let name): "${\(shortened(name))} is no name of an environment variable"
      }
    }

    var remedy: String {
      switch self {
      case .unset(let name): "Set \(name) before running, or write the value in the policy."
      case .unclosed: "Close it as in ${VAR}; a literal ${ is written $${."
      case .badName: "Use letters, digits and underscores; a literal ${ is written $${."
      }
    }
  }

  static func expand(_ text: String, _ environment: [String: String]) throws(Problem) -> String {
    guard text.contains("${") else { return text }
    var result = ""
    var rest = Substring(text)
    while let dollar = rest.firstRange(of: "${") {
      let before = rest[..<dollar.lowerBound]
      if before.last == "$" {
        result += before.dropLast() + "${"
        rest = rest[dollar.upperBound...]
        continue
      }
      guard let end = rest[dollar.upperBound...].firstIndex(of: "}") else { throw .unclosed }
      let name = String(rest[dollar.upperBound..<end])
      guard isName(name) else { throw .badName(name) }
      guard let value = environment[name] else { throw .unset(name) }
      result += before + value
      rest = rest[rest.index(after: end)...]
    }
    return result + rest
  }

  /// The variables that a text names.
  static func names(in text: String) -> [String] {
    text.split(separator: "${", omittingEmptySubsequences: false).dropFirst().compactMap { rest in
      rest.firstIndex(of: "}").map { String(rest[..<$0]) }
    }
  }

  /// Whether a text can name an environment variable: ASCII letters, digits and underscores, no digit first.
  package static func isName(_ text: String) -> Bool {
    guard let first = text.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return false }
    return text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
  }
}
