/// The one text that stands for a conversation wherever an attack's prompt does: in the ledger, in its identifier, in what targets
/// are asked.
///
/// It begins with the record separator that RFC 7464 puts before a JSON text, which no prompt of a suite may begin with. A conversation
/// that is no more than a prompt is that prompt.
extension Conversation {
  /// Begins every text that stands for a conversation, or for what was said in one.
  public static let mark: Unicode.Scalar = "\u{1E}"

  /// Whether a text may stand for a conversation.
  public static func isMarked(_ text: String) -> Bool { text.utf8.first == 0x1E }

  /// Equal for equal conversations.
  public var text: String {
    if isOneTurn, system == nil, tools.isEmpty, !Self.isMarked(messages[0].text) { return messages[0].text }
    var members: [JSON.Member] = []
    if let system { members.append(.init("system", .string(system))) }
    members.append(.init("messages", .array(messages.map(\.json))))
    if !turns.isEmpty { members.append(.init("turns", .strings(turns))) }
    if !tools.isEmpty { members.append(.init("tools", .array(tools.map(\.json)))) }
    return String(Self.mark) + JSON.object(members).serialized()
  }

  /// Reads what `text` wrote; nil for a plain prompt.
  public init?(text: String) {
    guard Self.isMarked(text), let json = try? JSON(parsing: Array(text.utf8.dropFirst())),
      let listed = json["messages"]?.array
    else { return nil }
    let messages = listed.compactMap(Message.init)
    let tools = (json["tools"]?.array ?? []).compactMap(Tool.init)
    let turns = (json["turns"]?.array ?? []).compactMap(\.string)
    guard !messages.isEmpty, messages.count == listed.count, tools.count == json["tools"]?.array?.count ?? 0,
      turns.count == json["turns"]?.array?.count ?? 0
    else { return nil }
    self.init(system: json["system"]?.string, messages: messages, turns: turns, tools: tools)
  }

  /// What `rewriting` makes of a prompt, or of the attacking turns of a conversation.
  public static func rewritten(_ text: String, by rewriting: (String) -> String) -> String {
    Conversation(text: text)?.rewritten(rewriting).text ?? rewriting(text)
  }

  /// What has the words of a prompt, or of everything in a conversation.
  public static func wording(_ text: String) -> String { Conversation(text: text)?.wording ?? text }

  /// A prompt for people to read: itself, or the conversation turn by turn.
  public static func shown(_ text: String) -> String { Conversation(text: text)?.shown ?? text }
}

extension Conversation.Message {
  var json: JSON {
    var members = [JSON.Member("role", .string(role.rawValue)), JSON.Member("content", .string(text))]
    if !calls.isEmpty { members.append(.init("calls", .array(calls.map(\.written)))) }
    if let answered {
      members += [.init("id", .string(answered.id)), .init("name", .string(answered.name))]
    }
    return .object(members)
  }

  init?(_ json: JSON) {
    guard let role = json["role"]?.string.flatMap(Role.init), let text = json["content"]?.string else { return nil }
    let listed = json["calls"]?.array ?? []
    let calls = listed.compactMap(ToolCall.init(written:))
    guard calls.count == listed.count else { return nil }
    var answered: ToolCall.Reference?
    if let id = json["id"]?.string, let name = json["name"]?.string { answered = .init(id: id, name: name) }
    guard (role == .tool) == (answered != nil) else { return nil }
    self.init(role, text, calls: calls, answered: answered)
  }
}

extension ToolCall {
  fileprivate var written: JSON {
    .object([
      .init("id", .string(id)), .init("name", .string(name)), .init("arguments", .string(arguments)),
    ])
  }

  fileprivate init?(written json: JSON) {
    guard let id = json["id"]?.string, let name = json["name"]?.string, let arguments = json["arguments"]?.string else {
      return nil
    }
    self.init(id: id, name: name, arguments: arguments)
  }
}

extension Conversation.Tool {
  fileprivate var json: JSON {
    var members = [JSON.Member("name", .string(name))]
    if let about { members.append(.init("description", .string(about))) }
    if let parameters { members.append(.init("parameters", .string(parameters))) }
    return .object(members + [.init("result", .string(result))])
  }

  fileprivate init?(_ json: JSON) {
    guard let name = json["name"]?.string, let result = json["result"]?.string else { return nil }
    self.init(
      name: name, about: json["description"]?.string, parameters: json["parameters"]?.string, result: result)
  }
}
