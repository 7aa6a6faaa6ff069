import Core

/// A secret that no description, mirror or error shows.
struct APIKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  private let value: String

  /// Reads the environment variable `name`.
  /// - Throws: `SluiceError` (64) when it is not set, empty, or can't be part of a header line.
  init(variable name: String, environment: [String: String]) throws {
    let remedy = "export \(name), or take 'api_key_env' out of the policy if the server needs no key"
    guard let text = environment[name] else {
      throw SluiceError(.usage, "the environment variable \(name) of 'api_key_env' is not set", remedy: remedy)
    }
    let trimmed = text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed()
    guard !trimmed.isEmpty else {
      throw SluiceError(.usage, "the environment variable \(name) of 'api_key_env' is empty", remedy: remedy)
    }
    let key = String(trimmed)
    guard key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
      throw SluiceError(
        .usage, "the environment variable \(name) holds a space, line break or non-ASCII character",
        remedy: "set it to the bare key")
    }
    value = key
  }

  var header: HTTPRequest.Header { HTTPRequest.Header("Authorization", "Bearer \(value)") }

  /// With the key among what is looked for.
  func added(to redactor: Redactor) -> Redactor { redactor.union([value]) }

  var description: String { "(secret)" }
  var debugDescription: String { "(secret)" }
  var customMirror: Mirror { Mirror(self, children: []) }
}

extension Redactor {
  /// What a server said, made fit to be shown; nil where nothing printable is left.
  func presentable(_ said: String, privateTexts: [String]) -> String? {
    // Secrets go first: cutting the text could leave a part of one that no longer matches.
    ForeignMessage(redacted(said), privateTexts: privateTexts)?.text
  }
}
