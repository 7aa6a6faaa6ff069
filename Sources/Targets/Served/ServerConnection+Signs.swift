import Core

/// What servers tell of themselves when they are asked.
extension ServerConnection {
  /// The answer of another call on the same server; nil where there is no such call: many have none. A server in trouble is asked
  /// again, as long as its answers take no time, since a list that is missing once and there later looks like another model.
  /// - Parameter body: nil to get what is there, else what is posted.
  /// - Throws: `CancellationError` alone.
  func description(at path: String, posting body: JSON? = nil) async throws -> JSON? {
    let began = now
    let bytes = body?.serializedBytes() ?? []
    for length in Self.pauses {
      let outcome = try await send(seed: 0, retries: 0, isAside: true, privateTexts: []) { [self] in
        Attempt(method: body == nil ? .get : .post, path: path, body: bytes, timeout: patienceAside) {
          [redactor] response throws(MalformedReply) in
          try ForeignJSON.object(response.body, redactor)
        }
      }
      switch outcome {
      case .success(let json): return json
      case .failure(let failure) where failure.isRefusal: return nil
      case .failure: break
      }
      guard now - began < Self.patience else { return nil }
      try await pause(length)
    }
    return nil
  }

  /// A value of a server's description of itself as text; nil for structures and where nothing printable is in it.
  func sign(_ value: JSON?) -> String? {
    switch value {
    case .string(let text)?: presentable(String(text.prefix(200)), privateTexts: [])
    case .integer(let number)?: String(number)
    case .number(let number)?: String(number)
    default: nil
    }
  }

  /// After each try.
  private static let pauses: [Duration] = [.milliseconds(100), .milliseconds(300), .zero]
  private static let patience = Duration.seconds(3)
}
