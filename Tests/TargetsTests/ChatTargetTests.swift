import ChatTemplates
import Core
import Foundation
import LanguageModels
import Testing

@testable import Targets

/// A copy of the small chat model with a template of its own; gone after the test.
private struct ChatFolder: ~Copyable {
  let path: String

  init(_ template: String) throws {
    path = FileManager.default.temporaryDirectory.appending(path: "chat-\(UUID().uuidString)").path
    let fixture = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "LanguageModelsTests/Checkpoints/Fixtures/chat").path
    try FileManager.default.copyItem(atPath: fixture, toPath: path)
    try Data(template.utf8).write(to: URL(filePath: path + "/chat_template.jinja"))
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}

@Suite("A local chat model as a target", .timeLimit(.minutes(1)))
struct ChatTargetTests {
  private static let turns = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"

  private func target(
    _ template: String, system: String? = nil, at time: TemplateTime = TemplateTime(year: 2026, month: 3, day: 5)
  ) throws -> any Target {
    let folder = try ChatFolder(template)
    var settings = SamplingSettings(temperature: 0)
    settings.system = system
    let recipe = LocalTarget.Recipe(path: folder.path, settings: settings, maxTokens: 4)
    return try recipe.make(
      TargetContext(
        decoder: {
          LoadedDecoder(
            fingerprint: "sha256:chat", model: try CausalLanguageModel.load(folder: $0, precision: $1))
        },
        workers: 1, seed: 1, policy: "policy.yaml", time: time,
        digest: { String(StableHash.fnv1a($0.utf8), radix: 16) }, waits: { _ in }, redactor: Redactor([]),
        servers: ModelServers(redactor: Redactor(), fingerprint: { $0 }, digest: { $0 })))
  }

  @Test("answers in the block of reasoning that the prompt leaves open, and outside of one that it closes")
  func reasoning() async throws {
    let open = try await target(Self.turns + "<|im_start|>assistant\n<think>{{ '\\n' }}").ask("hello").get()
    #expect(open.text.hasPrefix("<think>\n") && Reasoning.openings.filter { open.text.contains($0) }.count == 1)
    let closed = try await target(Self.turns + "<|im_start|>assistant\n<think>\n\n</think>{{ '\\n\\n' }}").ask("hello")
      .get()
    #expect(!closed.text.hasPrefix("<think>") && !closed.text.hasPrefix("</think>"), "\(closed.text)")
    #expect(closed.promptTokens > open.promptTokens)
  }

  @Test("reads the start token once where the template writes it, and not at all where it doesn't")
  func startToken() throws {
    func tokens(_ template: String) throws -> [Int] {
      let folder = try ChatFolder(template)
      let prompt = try LocalPrompt(
        CausalLanguageModel.load(folder: folder.path), SamplingSettings(),
        time: TemplateTime(year: 2026, month: 3, day: 5))
      return prompt.tokens(rendered: try prompt.render("hello"))
    }
    let written = try tokens("{{ bos_token }}" + Self.turns)
    #expect(written.first == 0 && written.filter { $0 == 0 }.count == 1)
    #expect(try tokens(Self.turns) == Array(written.dropFirst()))
  }

  @Test("is another model on another day where some conversation tells the day, and at no other time")
  func identity() throws {
    func fingerprint(_ template: String, day: Int, hour: Int = 0, system: String? = "Be brief.") throws -> String {
      try target(Self.turns + template, system: system, at: TemplateTime(year: 2026, month: 3, day: day, hour: hour))
        .fingerprint
    }
    for template in [
      "{{ strftime_now('%d %b %Y') }}",
      "{% if messages[0].role == 'system' %}{{ strftime_now('%d %b %Y') }}{% endif %}",
      "{% if messages[-1].content %}{{ strftime_now('%d') }}{% endif %}",
      "{% if messages[-1].content|length > 20 %}{{ strftime_now('%d') }}{% endif %}",
      "{% if 'z' in messages[-1].content %}{% set f = strftime_now %}{{ f('%d') }}{% endif %}",
    ] {
      #expect(try fingerprint(template, day: 5) != fingerprint(template, day: 6), "\(template)")
      #expect(try fingerprint(template, day: 5) == fingerprint(template, day: 5), "\(template)")
    }
    let day = "{{ strftime_now('%d %b %Y') }}"
    #expect(try fingerprint(day, day: 5, hour: 1) == fingerprint(day, day: 5, hour: 23))
    #expect(try fingerprint(day, day: 5, system: "A") != fingerprint(day, day: 5, system: "B"))
    for template in ["", "{{ 'now' if strftime_now is defined }}", "{# strftime_now('%d') #}"] {
      #expect(try fingerprint(template, day: 5) == fingerprint(template, day: 6), "\(template)")
    }
  }

  @Test("renders each turn of a conversation after its own answers, the same alone and among others")
  func conversations() async throws {
    let target = try target(Self.turns + "<|im_start|>assistant\n")
    let conversation = Conversation(system: "s", messages: [.init(.user, "one")], turns: ["two"])
    let alone = try await target.ask(conversation.text).get()
    let exchange = Exchange(prompt: conversation.text, response: alone.text)
    #expect(exchange.requests == 2 && exchange.replies.map(\.role) == [.assistant, .user, .assistant])
    // What the second turn was asked after is what the first was answered.
    let given = Conversation(
      system: "s", messages: [.init(.user, "one"), .init(.assistant, exchange.replies[0].text), .init(.user, "two")])
    let second = try await target.ask(given.text).get()
    #expect(Exchange(prompt: given.text, response: second.text).said == exchange.last)
    let requests = ["other", conversation.text, "third"].map { TargetRequest(prompt: $0, sampleIndex: 0) }
    #expect(try await target.respond(to: requests)[1].get().text == alone.text)
    #expect(target.objection(to: conversation) == nil)
  }

  @Test("objects to tools, to a template that refuses turns, and to a template that has none")
  func objections() throws {
    let conversation = Conversation(messages: [.init(.user, "one")], turns: ["two"])
    let strict = Self.turns + "{% if messages | length > 1 %}{{ raise_exception('one turn alone') }}{% endif %}"
    #expect(try target(strict).objection(to: conversation)?.reason.contains("one turn alone") == true)
    var tools = conversation
    tools.tools = [.init(name: "f", result: "r")]
    #expect(try target(Self.turns).objection(to: tools)?.reason.contains("tools") == true)
  }
}
