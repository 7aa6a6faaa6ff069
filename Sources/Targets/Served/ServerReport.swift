import Core

/// What a server says in a body that is not the answer asked for, whatever shape it gives it.
struct ServerReport: Sendable {
  /// In the server's words, as they came, up to `longest` characters; nil where it said nothing.
  let text: String?
  /// The machine-readable words for what happened, wherever servers put them, as `ServerReport.word` writes them.
  let words: Set<String>
  /// The members of the request that it is about.
  let parameters: Set<String>
  /// The HTTP status that the body itself claims, for servers and gateways that send errors with status 200.
  let status: Int?
  /// Whether the body presents itself as an error.
  let isError: Bool
  /// Whether a filter's findings are listed, and one of them is marked as filtered or flagged.
  let listsFilteredContent: Bool
  /// HTML, as firewalls and gateways send it in the name of a server that isn't there.
  let isWebPage: Bool

  /// More than a message needs, and little enough to be searched for prompts.
  private static let longest = 4000

  /// - Parameter redactor: takes secrets out of every text in it.
  init(_ body: [UInt8], _ redactor: Redactor = Redactor()) {
    let start = body.prefix(512).drop { $0 <= 0x20 }.prefix(64)
    let head = String(decoding: start, as: UTF8.self).lowercased()
    let isWebPage = head.hasPrefix("<!doctype") || head.hasPrefix("<html") || head.hasPrefix("<head")
    let json = isWebPage ? nil : (try? JSON(foreign: body)).map { redactor.redacted($0) }
    self.init(json: json, isWebPage: isWebPage)
  }

  init(_ json: JSON) { self.init(json: json, isWebPage: false) }

  private init(json: JSON?, isWebPage: Bool) {
    self.isWebPage = isWebPage
    // Google's errors come in a list of one.
    let root = json?.array?.first ?? json ?? .null
    // Cloudflare lists its errors, everyone else has one.
    let error = root["error"]?.array?.first ?? root["errors"]?.array?.first ?? root["error"] ?? .null
    // FastAPI's complaints; Mistral has them in its message.
    let details = root["detail"]?.array ?? root["message"]?["detail"]?.array ?? []
    let detail = details.first ?? root["detail"] ?? .null
    text = [
      error["message"], root["error"], error["msg"], root["message"], root["detail"], detail["msg"], detail["message"],
      detail["error"]?["message"], detail["error"], error["error"],
    ].lazy.compactMap { $0?.string }.first { !$0.isEmpty }.map { String($0.prefix(Self.longest)) }
    parameters = Set(
      [error["param"]?.string].compactMap(\.self) + details.compactMap { $0["loc"]?.array?.last?.string })
    // A gateway's wrapping holds the error of the provider behind it, as an object or as text (OpenRouter).
    let wrapped = error["metadata"]?["raw"]?.string.flatMap { try? JSON(foreign: Array($0.utf8)) } ?? .null
    let inner = [error["innererror"], error["inner_error"], error["details"]?.array?.first]
    let places =
      [root, error, detail, detail["error"], wrapped, wrapped["error"]].compactMap(\.self) + inner.compactMap(\.self)
    var words: Set<String> = []
    var status: Int?
    for place in places {
      for key in ["code", "type", "status", "reason", "__type", "error_code", "error_type"] {
        if let word = place[key]?.string { words.insert(Self.word(word)) }
        let number = place[key]?.integer ?? place[key]?.string.flatMap { Int($0) }
        if status == nil, let number, (400...599).contains(number) { status = number }
      }
    }
    words.remove("")
    self.words = words
    self.status = status ?? Self.status(of: words)
    isError =
      Self.isSomething(root["error"]) || root["object"]?.string == "error" || root["errors"]?.array?.isEmpty == false
    listsFilteredContent =
      inner.contains { $0?["content_filter_result"].map(Self.marksContent) ?? false }
      // OpenRouter: the categories that the moderation before the model objected to.
      || error["metadata"]?["reasons"]?.array?.isEmpty == false && error["metadata"]?["flagged_input"] != nil
      // Zhipu, beside its error.
      || isError && root["contentFilter"]?.array?.isEmpty == false
  }

  /// Whether an answer may present itself as an error: false for nearly all, without reading it as a report.
  static func mayBeError(_ answer: JSON) -> Bool {
    answer["error"] != nil || answer["errors"] != nil || answer["object"]?.string == "error"
  }

  /// Whether an error is there at all: some servers send the member with nothing in it, or with a code of success.
  private static func isSomething(_ error: JSON?) -> Bool {
    switch error {
    case nil, .null, .bool(false), .integer(0): return false
    case .string(let text): return !text.isEmpty
    case .array(let list): return !list.isEmpty
    case .object(let members):
      let code = error?["code"]?.integer
      return !members.isEmpty && code != 0 && code != 200
    default: return true
    }
  }

  /// A code written as one word in lower case: `Content-Filter`, `content_filter` and `ContentFilter` are one.
  static func word(_ code: String) -> String {
    String(
      decoding: code.prefix(80).lowercased().utf8.filter { $0 > 0x60 && $0 < 0x7b || $0 > 0x2f && $0 < 0x3a },
      as: UTF8.self)
  }

  /// Whether a filter's result by category (`{"jailbreak": {"filtered": true}}`) has one that it stopped.
  static func marksContent(_ results: JSON) -> Bool {
    results.members?.contains { $0.value["filtered"]?.bool == true } ?? false
  }

  /// The HTTP status that the words for an error stand for.
  private static func status(of words: Set<String>) -> Int? {
    let known: [(status: Int, words: Set<String>)] = [
      // OpenAI, Anthropic, AWS, Google.
      (
        429,
        [
          "ratelimitexceeded", "ratelimiterror", "ratelimited", "toomanyrequests", "throttlingexception",
          "resourceexhausted",
        ]
      ),
      (503, ["overloadederror", "overloaded", "serviceunavailable", "engineoverloaded"]),
      (500, ["servererror", "internalservererror", "internalerror", "apierror"]),
      (401, ["authenticationerror", "invalidapikey", "unauthorized"]),
      (404, ["notfounderror", "modelnotfound"]),
      (400, ["invalidrequesterror", "badrequesterror", "unsupportedparameter", "unknownparameter"]),
    ]
    return known.first { !$0.words.isDisjoint(with: words) }?.status
  }
}
