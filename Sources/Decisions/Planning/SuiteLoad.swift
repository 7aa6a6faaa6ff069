import Core

/// The requests that asking every attack of a suite once takes: one for a prompt, one for each answer in a conversation.
struct SuiteLoad: Sendable {
  private(set) var requests = 0
  /// The same where every turn ends in calls of tools as long as it may.
  private(set) var mostRequests = 0
  private let attacks: Int
  /// Tokens of what was written, over all requests; a conversation's are sent again with each of its turns.
  private var written = 0
  /// Answers that are sent again with a later turn.
  private var answersSent = 0

  /// - Parameter attacks: prompts, and texts of conversations.
  init(_ attacks: [String]) {
    self.attacks = attacks.count
    for attack in attacks {
      guard let conversation = Conversation(text: attack) else {
        requests += 1
        mostRequests += 1
        written += Tokens.count(attack)
        continue
      }
      var bare = conversation
      bare.turns = []
      var said = bare.texts.reduce(0) { $0 + Tokens.count($1) }
      written += said
      for (answers, turn) in conversation.turns.enumerated() {
        said += Tokens.count(turn)
        written += said
        answersSent += answers + 1
      }
      requests += conversation.liveTurns
      mostRequests += conversation.mostRequests
    }
  }

  /// Requests for an attack, in the mean: 1 without conversations.
  var requestsOfOne: Double { attacks == 0 ? 1 : Double(requests) / Double(attacks) }

  /// Tokens of one request's prompt, in the mean; nil for no attacks.
  /// - Parameter answer: tokens of one answer.
  func tokens(answer: Double) -> Double? {
    requests == 0 ? nil : (Double(written) + Double(answersSent) * answer) / Double(requests)
  }
}
