import Core

/// What a server says in an error body, made fit for logs and reports.
struct ServerMessage: Sendable {
  /// One line; nil where the server said nothing usable.
  let text: String?
  /// The machine-readable code, for example `insufficient_quota`.
  let code: String?

  /// - Parameters:
  ///   - privateTexts: prompts and the like; a message that repeats one is withheld.
  init(body: [UInt8], key: APIKey?, privateTexts: [String]) {
    let json = try? JSON(parsing: body)
    let error = json?["error"]
    let said =
      error?["message"]?.string ?? error?.string ?? json?["message"]?.string ?? json?["detail"]?.string
      ?? json?["detail"]?.array?.first?["msg"]?.string
    code = error?["code"]?.string ?? error?["type"]?.string
    // The key goes first: cutting the text could leave a part of it that no longer matches.
    text = said.flatMap { ForeignMessage(key?.redacted(from: $0) ?? $0, privateTexts: privateTexts)?.text }
  }
}
