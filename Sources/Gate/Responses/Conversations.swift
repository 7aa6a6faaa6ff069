import Core

extension TargetRequest {
  /// Requests that a response took: one, or as many as the target gave answers in a conversation.
  func requests(of response: Response) -> Int {
    Conversation.isMarked(prompt) ? Exchange(prompt: prompt, response: response.text).requests : 1
  }
}

extension Response {
  /// The response to a prompt; in a conversation, the target's last turn with the end of all.
  func last(in exchange: Exchange) -> Response {
    if exchange.conversation == nil { return self }
    return Response(
      text: exchange.last, promptTokens: promptTokens, completionTokens: completionTokens, latency: latency,
      finishReason: finishReason)
  }
}

extension Question {
  /// The same of an outcome; none of a failure.
  func requests(of outcome: ResponseOutcome?) -> Int {
    if case .success(let response) = outcome { request.requests(of: response) } else { 0 }
  }
}
