import Core
import Targets

/// A conversation up to the end of one of the target's turns, as a guard model reads it.
///
/// Such models assess the last message alone (Inan et al., "Llama Guard", arXiv 2312.06674), so a conversation is one question for each
/// turn of the target's. Answers that call tools, what the tools say and the answer after them are one turn.
struct GuardedTurn: Sendable {
  /// User and assistant in turn; the assistant's last turn is the one to judge.
  let chat: [ServerQuestion.Message]
  /// Whether the target says nothing in its turn and calls no tool.
  let isEmpty: Bool

  /// One for each turn of the target's, in order; one for a prompt and a response.
  static func all(of input: JudgeInput) -> [GuardedTurn] {
    guard let exchange = input.exchange else {
      let chat: [ServerQuestion.Message] = [
        .init(.user, FencedTranscript.withoutControlTokens(input.prompt)),
        .init(.assistant, FencedTranscript.withoutControlTokens(input.response)),
      ]
      return [GuardedTurn(chat: chat, isEmpty: false)]
    }
    let messages = exchange.messages
    var begin = messages.count - exchange.replies.count
    var turns: [GuardedTurn] = []
    for index in messages.indices.dropFirst(begin) {
      if messages[index].role == .user {
        begin = index + 1
      } else if index + 1 == messages.count || messages[index + 1].role == .user {
        let own = messages[begin...index].filter { $0.role == .assistant }
        turns.append(
          GuardedTurn(
            chat: chat(messages[...index], system: exchange.conversation?.system),
            isEmpty: own.allSatisfy { $0.text.allSatisfy(\.isWhitespace) && $0.calls.isEmpty }))
      }
    }
    return turns
  }

  /// User and assistant in turn, as guard models know them. What else there is, a system prompt, tools and their answers, stands in the
  /// turn before it as text.
  private static func chat(
    _ messages: ArraySlice<Conversation.Message>, system: String?
  ) -> [ServerQuestion.Message] {
    var turns: [(role: ServerQuestion.Message.Role, texts: [String])] = []
    if let system { turns.append((.user, [system])) }
    for message in messages {
      let texts = ([message.text] + message.calls.map(\.line)).filter { !$0.isEmpty }
      let role: ServerQuestion.Message.Role = message.role == .user ? .user : .assistant
      if let last = turns.indices.last, turns[last].role == role {
        turns[last].texts += texts
      } else {
        turns.append((role, texts))
      }
    }
    return turns.map {
      .init($0.role, FencedTranscript.withoutControlTokens($0.texts.joined(separator: "\n\n")))
    }
  }

  /// The largest probability where one of the turns is unsafe at `threshold`, or all are scored; else why there is none. A lack of a
  /// reply comes first: it may be over tomorrow.
  static func worst(of outcomes: [JudgmentOutcome], threshold: Double) -> JudgmentOutcome {
    let scores = outcomes.compactMap { try? $0.get() }
    let worst = scores.max { ($0.unsafeProbability ?? -1) < ($1.unsafeProbability ?? -1) }
    if let worst, worst.isUnsafe(threshold: threshold) == true { return .success(worst) }
    if let failure = outcomes.first(where: { (try? $0.get()) == nil }) { return failure }
    if let unscored = scores.first(where: { $0.unsafeProbability == nil }) { return .success(unscored) }
    return .success(worst ?? .unscored(reason: "empty response"))
  }
}
