import Core

/// A conversation under way: what has been said, and what is to be asked next.
///
/// The target's own answers fill in the turns between those of the user. A tool that it calls is answered by what the conversation has
/// for it, and the target is asked again.
struct LiveConversation: Sendable {
  let conversation: Conversation
  /// The turns from the target's first answer on.
  private(set) var replies: [Conversation.Message] = []
  private var waiting: ArraySlice<String>
  private var rounds = 0
  private var promptTokens = 0
  private var completionTokens = 0
  private var latency = 0.0
  private var finishReason = FinishReason.unknown
  /// How an answer ended that the token limit cut.
  private var cutReason: String?

  init(_ conversation: Conversation) {
    self.conversation = conversation
    waiting = conversation.turns[...]
  }

  /// What the target is given for its next answer, with the user's attacking turns as `template` has them.
  ///
  /// Reasoning that came with earlier answers is left out, as chat templates leave it out.
  func history(_ template: PromptTemplate?) -> [Conversation.Message] {
    var given = conversation.messages
    if let template, let last = given.lastIndex(where: { $0.role == .user }) {
      given[last].text = template.render(given[last].text)
    }
    return given
      + replies.map { message in
        var message = message
        switch message.role {
        case .assistant: message.text = String(Response(text: message.text).answer.drop(while: \.isWhitespace))
        case .user: message.text = template?.render(message.text) ?? message.text
        case .tool: break
        }
        return message
      }
  }

  /// Returns the seed of the next answer: the first one has that of the request.
  func seed(_ first: UInt64) -> UInt64 {
    let step = replies.count { $0.role == .assistant }
    if step == 0 { return first }
    var generator = SeededGenerator(seed: first &+ UInt64(step))
    return generator.next()
  }

  /// Takes the target's next answer.
  /// - Parameter calls: the tools that it calls.
  /// - Returns: whether the target is to be asked again. It isn't where a filter stopped it, it left a turn without an answer, or all
  ///   turns are answered.
  mutating func hear(_ reply: Response, calls: [ToolCall]) -> Bool {
    promptTokens = promptTokens.addingSaturated(reply.promptTokens)
    completionTokens = completionTokens.addingSaturated(reply.completionTokens)
    latency += reply.latency
    finishReason = reply.finishReason
    if reply.isCut { cutReason = reply.finishReason }
    replies.append(.init(.assistant, reply.text, calls: named(calls)))
    if reply.isBlocked || reply.isCut && !calls.isEmpty { return false }
    if let called = replies.last?.calls, !called.isEmpty {
      rounds += 1
      // A tool that nobody declared has no answer to wait for.
      guard conversation.usesTools, rounds < Conversation.mostRounds else {
        finishReason = FinishReason.rounds
        return false
      }
      replies += called.map { .init(.tool, conversation.result(of: $0), answered: $0.reference) }
      return true
    }
    rounds = 0
    guard let next = waiting.popFirst(), !reply.answer.allSatisfy(\.isWhitespace) else { return false }
    replies.append(.init(.user, next))
    return true
  }

  /// Each call with an identifier of its own, which some servers give none.
  private func named(_ calls: [ToolCall]) -> [ToolCall] {
    let before = replies.reduce(0) { $0 + $1.calls.count }
    return calls.enumerated().map { place, call in
      var call = call
      if call.id.isEmpty { call.id = "call_\(before + place + 1)" }
      return call
    }
  }

  /// A failure that says which answer is lost, and with it the conversation.
  func explained(_ failure: ResponseFailure) -> ResponseFailure {
    let answer = 1 + replies.count { $0.role == .assistant }
    if answer == 1 { return failure }
    return ResponseFailure(kind: failure.kind, message: "answer \(answer) of the conversation: \(failure.message)")
  }

  /// All that was said, as one response: tokens and seconds of all requests, and the end of the last, or that one was cut.
  var response: Response {
    let last = Response(text: "", finishReason: finishReason)
    return Response(
      text: Exchange.text(of: replies), promptTokens: promptTokens, completionTokens: completionTokens,
      latency: latency, finishReason: last.isBlocked ? finishReason : cutReason ?? finishReason)
  }
}
