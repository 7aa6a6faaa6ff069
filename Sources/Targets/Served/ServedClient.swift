import Core
import Foundation
import Synchronization

/// Asks a model behind a server, with retries, pacing and what the server has been found to accept.
final class ServedClient: ModelClient {
  let configuration: ServerConfiguration
  private let dialogue: any ServerDialogue
  private let connection: ServerConnection
  /// Nil where the server isn't the run's own.
  private let server: ModelServer?
  private let dialect: Mutex<ServerDialect>
  private let systemFingerprints = Mutex<Set<String>>([])
  /// Names of other models that answers were given under.
  private let otherModels = Mutex<Set<String>>([])
  /// What the server has said of the bytes that answer.
  private let saidRevision = Mutex<String?>(nil)
  /// A message of a provider's filter that stopped a response.
  private let filterSaid = Mutex<String?>(nil)

  /// - Parameters:
  ///   - server: what the address leads to; nil where it isn't the run's own.
  ///   - environment: where keys and proxies are looked up, and `SSL_CERT_FILE` for a private certificate authority.
  ///   - transport: nil for libcurl.
  ///   - retry: nil for the usual back-off with the configuration's number of retries.
  ///   - waits: hears of every pause that the server asks for.
  /// - Throws: `SluiceError` (64) for a URL that can't be used or a key that isn't there; `InternalError`.
  init(
    _ configuration: ServerConfiguration, _ dialogue: some ServerDialogue, server: ModelServer? = nil,
    environment: [String: String] = ProcessInfo.processInfo.environment, transport: (any HTTPTransport)? = nil,
    retry: RetryPolicy? = nil, clock: RetryClock = .continuous, waits: @escaping WaitSink = { _ in }
  ) throws {
    self.configuration = configuration
    self.dialogue = dialogue
    dialect = Mutex(ServerDialect(without: dialogue.unknownKeys))
    self.server = server
    var located = configuration
    if let server { located.url = PortMark.filled(configuration.url, with: server.port) }
    connection = try ServerConnection(
      configuration, name: type(of: dialogue).name,
      traits: dialogue.traits(configuration.redactor) + [server?.identity].compactMap(\.self),
      access: dialogue.access(located, environment: environment),
      // A port that is another one in every run tells nothing apart.
      knownAs: dialogue.access(configuration, environment: environment).endpoint, environment: environment,
      transport: transport, retry: retry, clock: clock, waits: waits)
  }

  /// The protocol's name, `@` and the declared revision where there is one, `|` address with path and query `|` model, and what
  /// else the protocol tells models apart by. What the server says of itself may change while it runs and is reported apart, by `signs`.
  var identity: String { connection.identity }

  /// Equal for one model, however its address is spelt.
  var place: String { connection.place }

  /// What a person calls the model.
  var shownName: String { configuration.shownModel }

  /// What the policy says that the served bytes are, else the digest of what the run itself serves, else what the server said of
  /// them when it was asked for `signs`; nil where nobody says.
  var revision: String? { configuration.shownRevision ?? server?.revision ?? saidRevision.withLock { $0 } }

  /// Requests that are worth giving at a time, of which no more are under way than the configuration's concurrency.
  var width: Int { connection.width }

  /// Tries after the first of a question that only asks whether the server is there.
  var probeRetries: Int { connection.probeRetries }

  /// The proxy in use, other models that answered, what was asked for and the server wouldn't take, and what a provider's filter said
  /// that stopped responses, one sentence each; known after the answers.
  var notices: [String] {
    let refused = dialect.withLock(\.leftOut).subtracting(dialogue.unknownKeys).intersection([.temperature, .topP])
    return [connection.proxyNotice].compactMap(\.self)
      + otherModels.withLock { $0.sorted() }.map {
        "\(configuration.shownModel) was asked for, and the server says that \($0) answered: another model may be behind the "
          + "address."
      }
      + refused.map(\.rawValue).sorted().map {
        "\(configuration.shownModel) refuses '\($0)' and answers at a value of its own."
      }
      + [filterSaid.withLock { $0 }].compactMap(\.self).map {
        "A provider's filter stopped responses of \(configuration.shownModel) and said: \($0)"
      }
  }

  /// A server that makes up a new name for each response must not fill a report.
  private static let mostOtherModels = 4

  var concurrency: Int { configuration.concurrency }

  func content(_ prompt: String, _ settings: SamplingSettings) -> ServerQuestion.Content {
    dialogue.content(prompt, settings)
  }

  func objection(to conversation: Conversation) -> ConversationObjection? { dialogue.objection(to: conversation) }

  /// What the server tells of the model behind the name, and what its answers said so far. Takes seconds at most; whatever goes
  /// wrong leaves signs out.
  /// - Throws: `CancellationError` alone.
  func signs() async throws -> ServerSigns {
    var signs = try await dialogue.signs(connection, configuration) ?? ServerSigns()
    saidRevision.withLock { $0 = dialogue.revision(signs) }
    // More than one means that the served model changed.
    signs.systemFingerprints = systemFingerprints.withLock { $0.sorted() }
    return signs
  }

  /// - Parameter retries: nil for the configuration's.
  /// - Throws: `CancellationError` alone.
  func ask(_ question: ServerQuestion, retries: Int? = nil) async throws -> Result<ServerReply, ResponseFailure> {
    server?.keepPrivate(question.privateTexts)
    return try await connection.send(seed: question.seed, retries: retries, privateTexts: question.privateTexts) {
      [self] in
      let used = dialect.withLock { $0 }
      let call = dialogue.call(question, model: configuration.model, dialect: used)
      return ServerConnection.Attempt(
        body: call.body, headers: call.headers,
        expects: { [self] in dialogue.isAnswer($0, connection.redactor) },
        read: { [self] response throws(MalformedReply) in try read(response) },
        blocked: { [self] response, report in
          note(report, privateTexts: question.privateTexts)
          return ServerReply(blockedAfter: response.elapsed.inSeconds)
        },
        mends: { [self] report in
          guard dialogue.negotiates else { return .no }
          // Others in flight may have met the same refusal and corrected the dialect already.
          return dialect.withLock { current in
            guard current == used else { return .yes }
            switch used.correction(after: report, of: question) {
            case .dialect(let better):
              current = better
              return .yes
            case .policy(let hint): return .byPolicy(hint)
            case nil: return .no
            }
          }
        })
    }
  }

  /// Remembers what a filter said, unless it repeats a prompt: the first in the alphabet, so that it is the same in whatever order
  /// answers come.
  private func note(_ report: ServerReport, privateTexts: [String]) {
    guard let said = report.text.flatMap({ connection.presentable($0, privateTexts: []) }),
      !ForeignMessage.repeats(privateTexts, in: said)
    else { return }
    filterSaid.withLock { $0 = min($0 ?? said, said) }
  }

  private func read(_ response: HTTPResponse) throws(MalformedReply) -> ServerReply {
    let reply = try dialogue.reply(response, connection.redactor)
    if type(of: dialogue).namesModel, let named = reply.model.flatMap({ connection.presentable($0, privateTexts: []) }),
      !ServedModelName.means(configuration.model, named: named)
    {
      otherModels.withLock { if $0.count < Self.mostOtherModels { $0.insert(named) } }
    }
    if let fingerprint = reply.systemFingerprint.flatMap({ connection.presentable($0, privateTexts: []) }) {
      systemFingerprints.withLock { seen in
        // A server that makes up a new one for each response must not fill the memory.
        if seen.count < 64 { seen.insert(fingerprint) }
      }
    }
    return reply
  }
}
