/// What a model is asked where one prompt is not all of it: turns that were said before, turns that are asked one after another, a
/// system prompt, or tools.
public struct Conversation: Hashable, Sendable {
  /// One turn.
  public struct Message: Hashable, Sendable {
    /// Who said a turn.
    public enum Role: String, Sendable {
      /// The user, the model, or a tool that the model called.
      case user, assistant, tool
    }

    /// Who said it.
    public var role: Role
    /// What was said; empty for a turn that only calls tools.
    public var text: String
    /// The tools that an assistant's turn calls.
    public var calls: [ToolCall]
    /// The call that a tool's turn answers, and the tool's name; nil for other turns.
    public var answered: ToolCall.Reference?

    /// Makes a turn.
    /// - Parameters:
    ///   - calls: tools that the model calls in it.
    ///   - answered: the call that a tool's turn answers.
    public init(_ role: Role, _ text: String, calls: [ToolCall] = [], answered: ToolCall.Reference? = nil) {
      (self.role, self.text, self.calls, self.answered) = (role, text, calls, answered)
    }
  }

  /// A tool that the model is told of, with what every call of it is answered.
  public struct Tool: Hashable, Sendable {
    /// How the model calls it; unique in a conversation.
    public let name: String
    /// What it does, as the model is told; nil tells it the name alone.
    public let about: String?
    /// A JSON Schema of the arguments, as text; nil for any object.
    public let parameters: String?
    /// The text that answers every call.
    public let result: String

    public init(name: String, about: String? = nil, parameters: String? = nil, result: String) {
      (self.name, self.about, self.parameters, self.result) = (name, about, parameters, result)
    }
  }

  /// Takes the place of the target's own; nil leaves it.
  public var system: String?
  /// What has been said when the target is asked first; the last turn is a user's or a tool's.
  public var messages: [Message]
  /// What the user says after each of the target's answers.
  public var turns: [String]
  /// What the model may call; empty for a conversation without tools.
  public var tools: [Tool]

  public init(system: String? = nil, messages: [Message], turns: [String] = [], tools: [Tool] = []) {
    (self.system, self.messages, self.turns, self.tools) = (system, messages, turns, tools)
  }

  /// The most that a conversation may have of live turns: each is a request.
  public static let mostTurns = 100

  /// Requests in a row that may end in calls of tools: a target that never answers anything else is asked no further.
  public static let mostRounds = 8

  /// The requests that asking once may take at most: every turn ends in calls of tools as long as it may. Without tools, a call ends it.
  public var mostRequests: Int { liveTurns * (usesTools ? Self.mostRounds : 1) }

  /// Answers that the target gives where it calls no tool.
  public var liveTurns: Int { 1 + turns.count }

  /// Whether some turn, be it given or the target's own, is a tool's or calls one.
  public var usesTools: Bool { !tools.isEmpty || messages.contains { $0.role == .tool || !$0.calls.isEmpty } }

  /// Whether one turn of the user is all that is said.
  public var isOneTurn: Bool { turns.isEmpty && messages.count == 1 }

  /// Whether user and assistant take turns from the user's first on, as some servers demand. A tool's answers are the user's.
  public var alternates: Bool {
    var last = Message.Role.assistant
    for message in messages {
      if message.role == .tool {
        last = .user
        continue
      }
      if message.role == last { return false }
      last = message.role
    }
    return true
  }

  /// The user turn that the attack is in where all is given: the last one.
  public var lastUserTurn: String { turns.last ?? messages.last { $0.role == .user }?.text ?? "" }

  /// What a call is answered.
  public func result(of call: ToolCall) -> String {
    tools.first { $0.name == call.name }?.result ?? "there is no tool \(call.name)"
  }

  /// The same with other words in the turns that attack: the last user turn of those that are given, and every turn after it.
  public func rewritten(_ rewriting: (String) -> String) -> Conversation {
    var copy = self
    if let last = copy.messages.lastIndex(where: { $0.role == .user }) {
      copy.messages[last].text = rewriting(copy.messages[last].text)
    }
    copy.turns = turns.map(rewriting)
    return copy
  }

  /// Everything in it turn by turn, with the roles and the tools, to compare wordings by.
  public var wording: String {
    var parts = [system.map { "(system) \($0)" }].compactMap(\.self)
    for message in messages {
      let speaker = [message.role.rawValue, message.answered?.name].compactMap(\.self).joined(separator: " ")
      parts.append("(\(speaker)) \(message.text)")
      parts += message.calls.map { "(call \($0.name)) \($0.arguments)" }
    }
    parts += turns.map { "(user) \($0)" }
    parts += tools.map { "(offers \($0.name)) \($0.about ?? "") \($0.result)" }
    return parts.joined(separator: "\n")
  }

  /// Every text in it.
  public var texts: [String] {
    [system].compactMap(\.self) + messages.flatMap { [$0.text] + $0.calls.map(\.arguments) }.filter { !$0.isEmpty }
      + turns + tools.map(\.result)
  }
}

/// A tool that a model calls.
public struct ToolCall: Hashable, Sendable {
  /// What a tool's turn says of the call that it answers.
  public struct Reference: Hashable, Sendable {
    /// The identifier that the model gave the call.
    public let id: String
    /// The tool that was called.
    public let name: String

    public init(id: String, name: String) { (self.id, self.name) = (id, name) }
  }

  /// Tells the calls of one turn apart; made by the server, or here where it gave none.
  public var id: String
  /// The tool that is called, which need not be one that was offered.
  public let name: String
  /// A JSON object as text, as the model wrote it.
  public let arguments: String

  public init(id: String, name: String, arguments: String) {
    (self.id, self.name, self.arguments) = (id, name, arguments)
  }

  /// How the turn that answers this call refers to it.
  public var reference: Reference { Reference(id: id, name: name) }

  /// The arguments as JSON; an empty object where they are none.
  public var json: JSON {
    (try? JSON(foreign: Array(arguments.utf8))).flatMap { $0.members == nil ? nil : $0 } ?? .object([])
  }

  /// The call on a line: `call send_mail({"to":"…"})`.
  public var line: String { "call \(name)(\(arguments))" }

  /// The call on a line, and where escapes may hide what its arguments say (`copper\u002dlantern`) every text in them as well.
  public var said: [String] {
    guard arguments.utf8.contains(UInt8(ascii: "\\")), let json = try? JSON(foreign: Array(arguments.utf8)) else {
      return [line]
    }
    return [line] + json.texts.filter { !$0.isEmpty }
  }
}

extension JSON {
  /// Every key and string in it.
  fileprivate var texts: [String] {
    switch self {
    case .string(let text): [text]
    case .array(let elements): elements.flatMap(\.texts)
    case .object(let members): members.flatMap { [$0.key] + $0.value.texts }
    case .null, .bool, .integer, .number: []
    }
  }
}
