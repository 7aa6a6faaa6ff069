import Core
import Foundation
import Kinds

extension TargetKind {
  static let http = TargetKind(
    name: HTTPDialogue.name, summary: "any application behind HTTP",
    keys: ServerConfiguration.answerKeys + HTTPDialogue.keys
      + ServerConfiguration.identityKeys(
        url: "The whole address, as it is asked.", model: "What the application is called (default: its host).",
        requiresModel: false, ready: "/health", isBase: false) + ServerConfiguration.limitKeys,
    reading: HTTPDialogue.recipe)
}

extension HTTPDialogue {
  fileprivate static let keys: [PolicyKey] = [
    PolicyKey(name: "method", shape: .choice(["POST", "PUT", "PATCH"]), fallback: "POST", help: "How it is asked."),
    PolicyKey(
      name: "headers", shape: .headers,
      help: "Header fields beside the usual ones; {{session}} in a value is replaced, secrets are \"${VARIABLE}\".",
      example: "headers: {X-Tenant: acme, X-Api-Key: \"${CLINIC_KEY}\"}"),
    PolicyKey(
      name: "body", shape: .text, required: true,
      help: "The request's JSON, in which \(BodyTemplate.Place.names) stand for JSON values."),
    PolicyKey(
      name: "reply", shape: .text, required: true,
      help:
        "Where in the response the reply is: a JSON Pointer (/answer/text), or a JSONPath ($.parts[*].text) whose texts are "
        + "put together."),
    PolicyKey(
      name: "finish_reason", shape: .text,
      help: "Where it says why the reply ended (length, content_filter, …), as 'reply' does."),
    PolicyKey(
      name: "usage",
      shape: .object([
        PolicyKey(name: "prompt_tokens", shape: .text, help: "Where the number of prompt tokens is."),
        PolicyKey(name: "completion_tokens", shape: .text, help: "Where the number of response tokens is."),
      ]), help: "Where it says what was used, as 'reply' does."),
    PolicyKey(name: "refusal", shape: .object(markKeys), help: "How it shows that it declined."),
    PolicyKey(
      name: "block", shape: .object(markKeys), help: "How it shows that a filter stopped the prompt or the reply."),
    PolicyKey(name: "certificate", shape: .file, help: "PEM file of the certificate that the server is shown."),
    PolicyKey(name: "key", shape: .file, help: "PEM file of the certificate's key (default: the certificate's file)."),
    PolicyKey(name: "ca", shape: .file, help: "PEM file of the authorities to trust instead of the system's."),
  ]

  private static let markKeys: [PolicyKey] = [
    PolicyKey(name: "at", shape: .text, help: "Where in the response it is said, as 'reply' does."),
    PolicyKey(
      name: "equals", shape: .list(.text),
      help: "Values there that say so (default: any but null, false, 0 and nothing).", example: "equals: [refused]"),
    PolicyKey(
      name: "status", shape: .list(.integer(400...599)), help: "HTTP statuses that say so.", example: "status: [451]"),
  ]

  /// Notes what is wrong with templates and places, and returns a recipe all the same.
  fileprivate static func recipe(_ section: Section, _ problems: inout Diagnostics) -> any TargetRecipe {
    func selector(_ key: String, of section: Section, _ problems: inout Diagnostics) -> JSONSelector? {
      guard let text = section.text(key) else { return nil }
      do {
        return try JSONSelector(text)
      } catch {
        problems.add(
          "\(section.described).\(key): \(error.message), at character \(error.position) of it",
          at: section.place(of: key), remedy: "For example /choices/0/text or $.choices[0].text.")
        return nil
      }
    }
    func mark(_ key: String, _ problems: inout Diagnostics) -> Mark? {
      guard let own = section.child(key) else { return nil }
      problems.require(
        own.has("at") || own.has("status"), "\(own.described) says neither where nor by which status", at: own.place,
        remedy: "For example \(key): {at: /blocked}, or \(key): {status: [451]}.")
      problems.require(
        own.has("at") || !own.has("equals"), "\(own.described).equals needs 'at'", at: own.place(of: "equals"),
        remedy: "Say where the value is.")
      return Mark(
        statuses: Set(own.list("status").compactMap { Int($0) }), place: selector("at", of: own, &problems),
        values: own.has("equals") ? Set(own.list("equals")) : nil)
    }
    let headers = section.headers["headers"] ?? []
    problems.require(
      !section.has("api_key_env") || !headers.contains { $0.name.lowercased() == "authorization" },
      "\(section.described) has a key for 'Authorization' twice", at: section.place(of: "api_key_env"),
      remedy: "api_key_env is sent as 'Authorization: Bearer …': keep it or the header.")
    problems.require(
      !section.has("key") || section.has("certificate"), "\(section.described).key has no certificate",
      at: section.place(of: "key"), remedy: "Name the certificate's file in 'certificate'.")
    let usage = section.child("usage")
    var dialogue = HTTPDialogue(
      method: section.text("method").flatMap(HTTPRequest.Method.init) ?? .post,
      headers: headers.map { HTTPRequest.Header($0.name, $0.value) },
      body: body(section, &problems), reply: selector("reply", of: section, &problems) ?? .whole,
      finishReason: selector("finish_reason", of: section, &problems))
    dialogue.promptTokens = usage.flatMap { selector("prompt_tokens", of: $0, &problems) }
    dialogue.completionTokens = usage.flatMap { selector("completion_tokens", of: $0, &problems) }
    (dialogue.refusal, dialogue.block) = (mark("refusal", &problems), mark("block", &problems))
    dialogue.files = TLSFiles(
      certificate: section.text("certificate"), key: section.text("key"), authorities: section.text("ca"))
    let url = section.string("url")
    let host = (ServerHost(url: url) ?? PortMark.host(url: url))?.name
    return ServedRecipe(
      section, ServerConfiguration(section, model: section.text("model") ?? host), dialogue)
  }

  /// The body's template; an empty one where it is wrong.
  private static func body(_ section: Section, _ problems: inout Diagnostics) -> BodyTemplate {
    let text = section.string("body")
    if text.isEmpty { return .prompt }
    let template: BodyTemplate
    do {
      template = try BodyTemplate(text)
    } catch {
      problems.add(
        "\(section.described).body: \(error.message), at line \(error.line), column \(error.column) of it",
        at: section.place(of: "body"), remedy: "Write JSON, for example '{\"question\": {{prompt}}}'.")
      return .prompt
    }
    let places = template.places
    problems.require(
      places.contains(.prompt) || places.contains(.messages), "\(section.described).body asks nothing",
      at: section.place(of: "body"), remedy: "Put {{prompt}} or {{messages}} where the question goes.")
    // What the policy sets and no request says would be believed and not true.
    let needs: [(key: String, places: Set<BodyTemplate.Place>)] = [
      ("system", [.system, .messages]), ("temperature", [.temperature]), ("top_p", [.topP]),
      ("max_tokens", [.maxTokens]),
    ]
    for (key, wanted) in needs where section.has(key) && places.isDisjoint(with: wanted) {
      problems.add(
        "\(section.described).\(key) reaches nobody: the body has no {{\(key)}}", at: section.place(of: key),
        remedy: "Put it into the body, or take \(key) out of the policy.")
    }
    return template
  }
}
