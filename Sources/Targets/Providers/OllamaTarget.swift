import Core
import Kinds

/// Ollama's own protocol (`/api/chat`): unlike its OpenAI-compatible one it sets the context's size, keeps reasoning apart, and
/// tells the digest of what it serves.
struct OllamaDialogue: ServerDialogue {
  static let name = "ollama"
  /// Tokens; nil for the server's.
  var context: Int?
  /// Nil for the model's own habit.
  var thinks: Bool?
  /// Options that no key of a policy stands for, as a JSON object.
  var options: [UInt8] = []

  func traits(_ redactor: Redactor) -> [String] {
    [context.map { "context \($0)" }, thinks.map { "think \($0 ? "on" : "off")" }].compactMap(\.self)
      + (options.isEmpty ? [] : [redactor.hashed(String(decoding: options, as: UTF8.self))])
  }

  func access(_ configuration: ServerConfiguration, environment: [String: String]) throws -> ServerAccess {
    try ServerAccess(
      ServerEndpoint(configuration.url, path: "api/chat", tails: [["api", "chat"], ["api"]]), configuration,
      environment: environment)
  }

  func call(_ question: ServerQuestion, model: String, dialect: ServerDialect) -> ServerCall {
    var options = [JSON.Member("num_predict", .integer(question.maxTokens))]
    if !question.leavesOut(.temperature, dialect) {
      options.append(JSON.Member("temperature", .number(question.temperature)))
    }
    if !question.leavesOut(.topP, dialect) { options.append(JSON.Member("top_p", .number(question.topP))) }
    if !question.leavesOut(.seed, dialect) { options.append(JSON.Member("seed", .integer(question.portableSeed))) }
    if let context { options.append(JSON.Member("num_ctx", .integer(context))) }
    options += (try? JSON(parsing: self.options))?.members ?? []
    var members = [
      JSON.Member("model", .string(model)), JSON.Member("messages", .array(question.messages.map(\.ollama))),
      JSON.Member("options", .object(options)), JSON.Member("stream", .bool(false)),
    ]
    if let thinks { members.append(JSON.Member("think", .bool(thinks))) }
    members += question.openAITools
    return ServerCall(body: JSON.object(members).serializedBytes())
  }

  func reply(_ response: HTTPResponse, _ redactor: Redactor) throws(MalformedReply) -> ServerReply {
    let pieces = try Self.pieces(response.body, redactor)
    var (text, hasReasoning, calls) = ("", false, [ToolCall]())
    for piece in pieces {
      let report = ServerReport(piece)
      if report.isError { throw MalformedReply(message: "the response reports an error", report: report) }
      guard let message = piece["message"], case .object = message else {
        throw MalformedReply(message: "the response has no 'message'", report: report)
      }
      guard let content = message["content"]?.string else {
        throw MalformedReply(message: "the message's content is \((message["content"] ?? .null).kind)")
      }
      text += content
      calls += ToolCall.list(message["tool_calls"])
      if message["thinking"]?.string?.isEmpty == false { hasReasoning = true }
    }
    guard let last = pieces.last, last["done"]?.bool == true else {
      throw MalformedReply(message: "the response was cut short: it does not say that it is done")
    }
    // Servers of before 2024 gave no reason.
    let said = last["done_reason"]?.string ?? FinishReason.stop
    guard said != "load", said != "unload" else {
      throw MalformedReply(message: "the server loaded or unloaded the model and answered nothing")
    }
    return ServerReply(
      text: redactor.redacted(text), finishReason: said, hasReasoning: hasReasoning,
      promptTokens: last["prompt_eval_count"], completionTokens: last["eval_count"],
      latency: response.elapsed.inSeconds, calls: calls)
  }

  /// The response, or the lines of one that was streamed all the same.
  private static func pieces(_ body: [UInt8], _ redactor: Redactor) throws(MalformedReply) -> [JSON] {
    let lines = body.split { $0 == 0x0a || $0 == 0x0d }.filter { $0.contains { $0 > 0x20 } }
    let isStream = lines.count > 1 && lines.allSatisfy { $0.first == UInt8(ascii: "{") && $0.last == UInt8(ascii: "}") }
    guard isStream else { return [try ForeignJSON.value(body, redactor)] }
    var pieces: [JSON] = []
    for line in lines { pieces.append(try ForeignJSON.value(Array(line), redactor)) }
    return pieces
  }

  /// The entry among the server's models: its digest is that of weights, template and parameters together.
  func signs(_ connection: ServerConnection, _ configuration: ServerConfiguration) async throws -> ServerSigns? {
    let names = [configuration.model, configuration.model + ":latest"]
    let models = try await connection.description(at: "api/tags")?["models"]?.array ?? []
    let entry = models.first { entry in
      [entry["model"], entry["name"]].contains { $0?.string.map(names.contains) ?? false }
    }
    let shown = [JSON.Member("model", .string(configuration.model))]
    var own = entry
    if own == nil { own = try await connection.description(at: "api/show", posting: .object(shown)) }
    guard let own else { return nil }
    var signs = ServerSigns()
    for key in ["digest", "size"] { signs.others[key] = connection.sign(own[key]) }
    for key in ["family", "parameter_size", "quantization_level"] {
      signs.others[key] = connection.sign(own["details"]?[key])
    }
    return signs
  }

  static var tellsRevision: Bool { true }

  func revision(_ signs: ServerSigns) -> String? { signs.others["digest"] }
}

extension ServerQuestion.Message {
  /// The turn as Ollama has it: arguments are objects, and a tool's answer names the tool.
  fileprivate var ollama: JSON {
    var members = [JSON.Member("role", .string(role.rawValue)), JSON.Member("content", .string(text))]
    if !calls.isEmpty {
      let listed = calls.map { call in
        JSON.object([
          .init("function", .object([.init("name", .string(call.name)), .init("arguments", call.json)]))
        ])
      }
      members.append(.init("tool_calls", .array(listed)))
    }
    if let answered { members.append(.init("tool_name", .string(answered.name))) }
    return .object(members)
  }
}

extension OllamaDialogue {
  /// The options of a policy in one spelling; what is wrong with them is noted.
  fileprivate static func options(_ section: Section, _ problems: inout Diagnostics) -> [UInt8] {
    guard let text = section.text("options") else { return [] }
    let place = section.place(of: "options")
    let json: JSON
    do {
      json = try JSON(parsing: Array(text.utf8))
    } catch {
      problems.add(
        "\(section.described).options is no JSON: \(error)", at: place, remedy: "For example '{\"top_k\": 40}'.")
      return []
    }
    problems.require(
      json.members != nil, "\(section.described).options is \(json.kind), not an object", at: place,
      remedy: "For example '{\"top_k\": 40}'.")
    let keys = [
      "temperature": "temperature", "top_p": "top_p", "num_predict": "max_tokens", "num_ctx": "context", "seed": "seed",
    ]
    for member in json.members ?? [] {
      guard let key = keys[member.key] else { continue }
      problems.add(
        "\(section.described).options sets \(member.key), which is the policy's own '\(key)'", at: place,
        remedy: "Take it out of the options.")
    }
    return json.serializedBytes()
  }
}

extension TargetKind {
  static let ollama = TargetKind(
    name: OllamaDialogue.name, summary: "Ollama",
    keys: ServerConfiguration.answerKeys + [
      PolicyKey(
        name: "context", shape: .integer(1...10_000_000),
        help: "Tokens of context (num_ctx): Ollama cuts longer prompts without a word (default: the server's)."),
      PolicyKey(
        name: "options", shape: .text, help: "Further options of the request, as JSON: '{\"top_k\": 40}'."),
      PolicyKey(
        name: "think", shape: .toggle, help: "Whether a model that can reason does (default: the model's own habit)."),
    ]
      + ServerConfiguration.identityKeys(
        url: "Base address of the server.", usualURL: "http://127.0.0.1:11434",
        model: "The model's name, with or without its tag.", ready: "/api/version") + ServerConfiguration.limitKeys,
    reading: { section, problems in
      ServedRecipe(
        section, ServerConfiguration(section),
        OllamaDialogue(
          context: section.optionalInteger("context"), thinks: section.text("think").flatMap(Quantities.toggle),
          options: OllamaDialogue.options(section, &problems)))
    })
}
