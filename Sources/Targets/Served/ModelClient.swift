import Core

/// Asks one model, be it behind a server or a program.
protocol ModelClient: Sendable {
  /// What a person calls the model.
  var shownName: String { get }
  /// What tells the model from all others, in one line without secrets.
  var identity: String { get }
  /// The identity, equal for every spelling of where the model is.
  var place: String { get }
  /// What names the bytes that answer; nil where nobody says.
  var revision: String? { get }
  /// What a reader has to know of how it is asked, one sentence each; known after the first answer.
  var notices: [String] { get }
  /// Questions under way at a time.
  var concurrency: Int { get }
  /// Questions that are worth giving at a time.
  var width: Int { get }
  /// Tries after the first of a question that only asks whether it is there.
  var probeRetries: Int { get }

  /// What a target under these settings is asked for a prompt.
  func content(_ prompt: String, _ settings: SamplingSettings) -> ServerQuestion.Content

  /// Why the model can't be asked a conversation; nil where it can.
  func objection(to conversation: Conversation) -> ConversationObjection?

  /// What is told of the model behind the name. Takes seconds at most; whatever goes wrong leaves signs out.
  /// - Throws: `CancellationError` alone.
  func signs() async throws -> ServerSigns

  /// - Parameter retries: nil for the usual number.
  /// - Throws: `CancellationError` alone.
  func ask(_ question: ServerQuestion, retries: Int?) async throws -> Result<ServerReply, ResponseFailure>
}

extension ModelClient {
  var place: String { identity }
}
