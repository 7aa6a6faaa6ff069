import Core
import Targets

extension Exchange {
  /// All turns as OpenAI's chat protocol writes them, the system prompt of the conversation first.
  var openAIMessages: [JSON] {
    let system = conversation?.system.map { system in
      JSON.object([.init("role", .string("system")), .init("content", .string(system))])
    }
    return [system].compactMap(\.self) + messages.map { ServerQuestion.Message($0).json }
  }

  /// The same as Inspect's logs have them: a call names its function, and its arguments are an object.
  var inspectMessages: [JSON] {
    let system = conversation?.system.map { system in
      JSON.object([.init("role", .string("system")), .init("content", .string(system))])
    }
    return [system].compactMap(\.self)
      + messages.map { turn in
        var members = [JSON.Member("role", .string(turn.role.rawValue)), JSON.Member("content", .string(turn.text))]
        if !turn.calls.isEmpty {
          let calls = turn.calls.map { call in
            JSON.object([
              .init("id", .string(call.id)), .init("function", .string(call.name)), .init("arguments", call.json),
              .init("type", .string("function")),
            ])
          }
          members.append(.init("tool_calls", .array(calls)))
        }
        if let answered = turn.answered {
          members += [
            .init("tool_call_id", .string(answered.id)), .init("function", .string(answered.name)),
          ]
        }
        return .object(members)
      }
  }
}
