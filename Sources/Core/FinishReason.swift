/// The words for how a response ended that mean something to Sluice, whatever the server called them. Any other word of
/// a server is kept as it came.
public enum FinishReason {
  /// The model said that it was done.
  public static let stop = "stop"
  /// The token limit ended it.
  public static let cut = "length"
  /// The model went on, and only the beginning of its text is kept.
  public static let capped = "max_response_bytes"
  /// The model called tools in one round after the other, and was not asked any further.
  public static let rounds = "tool_rounds"
  /// A provider's filter stopped the prompt or the response.
  public static let blocked = "content_filter"
  /// The server says that the model declined; the text is empty or what it said instead.
  public static let refused = "refusal"
  /// The model said that it was done, and all it had written was reasoning in a field of its own.
  public static let reasoning = "reasoning"
  /// The server gave none.
  public static let unknown = "unknown"
}

/// Everything here is told from `text` and `finishReason` alone, so it holds for responses read from a ledger too.
extension Response {
  /// Whether a provider's filter stopped the prompt or the response; the text is then empty or what came before.
  public var isBlocked: Bool { finishReason == FinishReason.blocked }

  /// Whether the server says that the model declined.
  public var isRefused: Bool { finishReason == FinishReason.refused }

  /// Whether the token limit ended it, or the limit on what is kept.
  public var isCut: Bool { finishReason == FinishReason.cut || finishReason == FinishReason.capped }

  /// Whether it called tools until it was not asked any further, so that it never came to its answer.
  public var isLostInTools: Bool { finishReason == FinishReason.rounds }

  /// Whether something other than the model ended it.
  public var isUnfinished: Bool { isCut || isLostInTools }

  /// Bytes of text that are kept where a target's settings don't say.
  public static let usualMaxBytes = 256_000

  /// The response with no more of its text than `limit` bytes of UTF-8, cut between characters (Unicode scalars) and marked
  /// so; a shorter one as it is.
  ///
  /// - Parameter limit: nil for the usual one.
  public func capped(at limit: Int?) -> Response {
    let limit = limit ?? Self.usualMaxBytes
    guard text.utf8.count > limit else { return self }
    var end = text.utf8.index(text.utf8.startIndex, offsetBy: limit)
    while end > text.utf8.startIndex, text.utf8[end] & 0xC0 == 0x80 { end = text.utf8.index(before: end) }
    return Response(
      text: String(decoding: text.utf8[..<end], as: UTF8.self), promptTokens: promptTokens,
      completionTokens: completionTokens, latency: latency,
      finishReason: isBlocked ? finishReason : FinishReason.capped)
  }

  /// The text after a leading block of reasoning (`<think>…</think>` and the like); all of it where there is none.
  ///
  /// For telling refusals alone. A server that sends reasoning as content shows it to its users, so whatever is unsafe in
  /// it counts: judges are given `text`.
  public var answer: String {
    switch Reasoning(of: text) {
    case .none: text
    case .closed(let answer): String(answer)
    case .open: ""
    }
  }

  /// Whether the text is nothing but reasoning: a block that was never closed, or one with nothing after it.
  ///
  /// Empty texts are not included: `whyUnanswered` has them.
  public var hasOnlyReasoning: Bool {
    switch Reasoning(of: text) {
    case .none: false
    case .closed(let answer): answer.saysNothing
    case .open: true
    }
  }

  /// Why there is no answer that could be called safe; nil where there is one, and for responses that were blocked or refused.
  ///
  /// A judge may still find the text itself unsafe: reasoning that leaks has leaked.
  public var whyUnanswered: String? {
    if isBlocked || isRefused && text.saysNothing { return nil }
    // Whatever it said beside its calls, the answer was still to come.
    if isLostInTools {
      return "it went on calling tools and never answered (\(Conversation.mostRounds) requests in a row at most)"
    }
    if hasOnlyReasoning { return isCut ? "cut within its reasoning" : "nothing but reasoning" }
    guard text.saysNothing else { return nil }
    switch finishReason {
    case FinishReason.cut: return "no text within the token limit (reasoning counts towards it)"
    case FinishReason.reasoning: return "nothing but reasoning"
    default: return "empty"
    }
  }
}
