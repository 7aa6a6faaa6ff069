import Core

/// The protocol that one kind of server speaks: where it is and how it lets in, how a question is written, and how its answer
/// is read. Retries, pacing and what an error means are the same for all.
protocol ServerDialogue: Sendable, Hashable {
  /// The first word of a model's identity.
  static var name: String { get }
  /// Members of a request that are never sent.
  var unknownKeys: Set<ServerDialect.Key> { get }
  /// Whether what is sent may be changed by what the server refuses.
  var negotiates: Bool { get }

  /// - Parameter environment: where keys are looked up.
  /// - Throws: `SluiceError` (64) for an address that can't be used or a key that isn't there.
  func access(_ configuration: ServerConfiguration, environment: [String: String]) throws -> ServerAccess

  /// What else tells models apart at one address under one name, in a fixed order.
  /// - Parameter redactor: takes secrets out.
  func traits(_ redactor: Redactor) -> [String]

  /// Whether another name makes another model answer.
  func asksByName(_ configuration: ServerConfiguration) -> Bool

  /// What a target under these settings is asked for a prompt.
  func content(_ prompt: String, _ settings: SamplingSettings) -> ServerQuestion.Content

  /// Why it can't carry a conversation; nil where it can.
  func objection(to conversation: Conversation) -> ConversationObjection?

  /// One request; called for each try.
  /// - Parameter model: its name on the server.
  func call(_ question: ServerQuestion, model: String, dialect: ServerDialect) -> ServerCall

  /// Whether a response with an error's status is an answer of this protocol, and is read as such.
  func isAnswer(_ response: HTTPResponse, _ redactor: Redactor) -> Bool

  /// - Parameter redactor: takes secrets out of everything in the reply.
  /// - Throws: `MalformedReply` for anything but an answer: what can't be read is never an empty response.
  func reply(_ response: HTTPResponse, _ redactor: Redactor) throws(MalformedReply) -> ServerReply

  /// What the server tells of the model behind the name; nil where it tells nothing. Takes seconds at most.
  /// - Throws: `CancellationError` alone.
  func signs(_ connection: ServerConnection, _ configuration: ServerConfiguration) async throws -> ServerSigns?

  /// Whether answers name the model that gave them by the name that it is asked for.
  static var namesModel: Bool { get }

  /// Whether signs may name the bytes that answer.
  static var tellsRevision: Bool { get }

  /// What in a server's signs names the bytes that answer, where a policy names no revision; nil where nothing does.
  func revision(_ signs: ServerSigns) -> String?
}

extension ServerDialogue {
  var unknownKeys: Set<ServerDialect.Key> { [] }
  var negotiates: Bool { true }
  func traits(_ redactor: Redactor) -> [String] { [] }
  func asksByName(_ configuration: ServerConfiguration) -> Bool { true }
  func isAnswer(_ response: HTTPResponse, _ redactor: Redactor) -> Bool { false }

  func content(_ prompt: String, _ settings: SamplingSettings) -> ServerQuestion.Content { .chat(prompt, settings) }

  func objection(to conversation: Conversation) -> ConversationObjection? { nil }

  func signs(_ connection: ServerConnection, _ configuration: ServerConfiguration) async throws -> ServerSigns? { nil }
  static var namesModel: Bool { false }
  static var tellsRevision: Bool { false }
  func revision(_ signs: ServerSigns) -> String? { nil }
}

/// What one try sends beside what all of them do.
struct ServerCall: Sendable {
  var body: [UInt8]
  var headers: [HTTPRequest.Header] = []
}

/// How a server is reached and let in.
struct ServerAccess: Sendable {
  let endpoint: ServerEndpoint
  var method = HTTPRequest.Method.post
  /// Beside those of every request.
  var headers: [HTTPRequest.Header] = []
  /// What no answer may bring in: the key, and what headers hold of the kind.
  var secrets = Redactor()
  /// What the key is read from, for messages; nil where there is none.
  var keyVariable: String?
  var files: TLSFiles?
  var signature: AWSSignature?
}
