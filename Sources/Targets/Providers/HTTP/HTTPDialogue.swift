import Core
import Foundation

/// Any application behind HTTP: the policy says what its request looks like and where in its answer the reply is.
struct HTTPDialogue: ServerDialogue {
  static let name = "http"

  /// How an answer shows that something has happened: by its status, or by a value in it.
  struct Mark: Hashable, Sendable {
    var statuses: Set<Int> = []
    var place: JSONSelector?
    /// Texts of the value that count; nil for any value but null, false, 0, and nothing.
    var values: Set<String>?
  }

  var method = HTTPRequest.Method.post
  var headers: [HTTPRequest.Header] = []
  let body: BodyTemplate
  let reply: JSONSelector
  var finishReason: JSONSelector?
  var promptTokens: JSONSelector?
  var completionTokens: JSONSelector?
  var refusal: Mark?
  var block: Mark?
  var files = TLSFiles()

  /// What a header says where every conversation has a value of its own.
  static let sessionPlace = "{{session}}"

  var negotiates: Bool { false }

  /// One address may serve many models, told apart by anything in the request; and another reply is another model's.
  func traits(_ redactor: Redactor) -> [String] {
    let fields = headers.flatMap { [$0.name.lowercased(), redactor.hashed($0.value)] }
    let parts = [method.rawValue, redactor.hashed(body.text), reply.description] + fields
    return [String(hexadecimal: StableHash.fnv1a(JSON.strings(parts).serializedBytes()))]
  }

  func asksByName(_ configuration: ServerConfiguration) -> Bool { body.places.contains(.model) }

  func access(_ configuration: ServerConfiguration, environment: [String: String]) throws -> ServerAccess {
    let steady = headers.filter { !$0.value.contains(Self.sessionPlace) }
    var access = try ServerAccess(
      ServerEndpoint(whole: configuration.url), configuration, environment: environment, headers: steady)
    access.method = method
    access.files = files.isEmpty ? nil : files
    return access
  }

  func objection(to conversation: Conversation) -> ConversationObjection? {
    let places = body.places
    if conversation.usesTools {
      return ConversationObjection(
        "an http target is told of no tools", remedy: "Ask the model by its own kind of target, or by kind: command.")
    }
    if !conversation.isOneTurn, !places.contains(.messages) {
      return ConversationObjection(
        "its body has no place for turns", remedy: "Put {{messages}} into the body: all turns so far, as a list.")
    }
    if conversation.system != nil, places.isDisjoint(with: [.system, .messages]) {
      return ConversationObjection(
        "its body has no place for a system prompt", remedy: "Put {{system}} or {{messages}} into the body.")
    }
    return nil
  }

  /// Each try is a conversation of its own: what a server remembers of one that failed is in no other.
  func call(_ question: ServerQuestion, model: String, dialect: ServerDialect) -> ServerCall {
    let session = UUID().uuidString.lowercased()
    let bytes = body.bytes { place in
      switch place {
      case .prompt: .string(question.messages.last { $0.role == .user }?.text ?? "")
      case .messages: .array((body.places.contains(.system) ? question.turns : question.messages).map(\.json))
      case .system: question.system.map(JSON.string) ?? .null
      case .session: .string(session)
      case .model: .string(model)
      case .temperature: .number(question.temperature)
      case .topP: .number(question.topP)
      case .maxTokens: .integer(question.maxTokens)
      case .seed: .integer(question.portableSeed)
      }
    }
    let own = headers.filter { $0.value.contains(Self.sessionPlace) }
    return ServerCall(
      body: bytes,
      headers: own.map { HTTPRequest.Header($0.name, $0.value.replacing(Self.sessionPlace, with: session)) })
  }

  func isAnswer(_ response: HTTPResponse, _ redactor: Redactor) -> Bool {
    guard block != nil || refusal != nil else { return false }
    let json = try? ForeignJSON.value(response.body, redactor)
    return [block, refusal].contains { $0?.isIn(json, status: response.status) ?? false }
  }

  func reply(_ response: HTTPResponse, _ redactor: Redactor) throws(MalformedReply) -> ServerReply {
    let latency = response.elapsed.inSeconds
    let json: JSON?
    let mistake: MalformedReply?
    do throws(MalformedReply) {
      (json, mistake) = (try ForeignJSON.value(response.body, redactor), nil)
    } catch {
      (json, mistake) = (nil, error)
    }
    for (mark, reason) in [(block, FinishReason.blocked), (refusal, FinishReason.refused)] {
      guard let mark, mark.isIn(json, status: response.status) else { continue }
      // What was said beside it may be unsafe.
      let text = json.flatMap { try? self.text(in: $0) } ?? ""
      return answer(redactor.redacted(text), reason, json ?? .null, latency)
    }
    guard let json else { throw mistake ?? MalformedReply(message: "the response is not JSON") }
    let report = ServerReport(json)
    if report.isError, report.text != nil {
      throw MalformedReply(message: "the response reports an error", report: report)
    }
    let said = finishReason?.values(in: json).first?.string
    if let said, ServerFinish.isBroken(said) {
      throw MalformedReply(message: "the server broke the response off ('\(ServerFinish.reason(said))')")
    }
    let text: String
    do throws(MalformedReply) {
      text = try self.text(in: json)
    } catch {
      throw MalformedReply(message: error.message, report: report)
    }
    // Its parts were looked at one by one.
    return answer(redactor.redacted(text), said.map(ProviderBlock.reason) ?? FinishReason.stop, json, latency)
  }

  private func answer(_ text: String, _ reason: String, _ json: JSON, _ latency: Double) -> ServerReply {
    ServerReply(
      text: text, finishReason: reason, promptTokens: promptTokens?.values(in: json).first,
      completionTokens: completionTokens?.values(in: json).first, latency: latency)
  }

  /// The texts that are selected, one after the other.
  private func text(in json: JSON) throws(MalformedReply) -> String {
    let values = reply.values(in: json)
    guard !values.isEmpty else { throw MalformedReply(message: "the response has nothing at \(reply)") }
    var text = ""
    for value in values {
      guard let piece = value.string else {
        throw MalformedReply(message: "the response has \(value.kind) at \(reply), not a text")
      }
      text += piece
    }
    return text
  }
}

extension HTTPDialogue.Mark {
  /// - Parameter json: nil where the body is none.
  func isIn(_ json: JSON?, status: Int) -> Bool {
    if statuses.contains(status) { return true }
    guard let place, let json else { return false }
    return place.values(in: json).contains { value in
      guard let values else { return Self.isSomething(value) }
      return Self.text(value).map(values.contains) ?? false
    }
  }

  private static func isSomething(_ value: JSON) -> Bool {
    switch value {
    case .null, .bool(false), .integer(0): false
    case .string(let text): !text.isEmpty
    case .array(let items): !items.isEmpty
    case .object(let members): !members.isEmpty
    default: true
    }
  }

  /// Nil for a structure.
  private static func text(_ value: JSON) -> String? {
    switch value {
    case .array, .object: nil
    default: value.string ?? value.serialized()
    }
  }
}
