import Foundation
import Testing

@Suite("sluice model, on models as people have them")
struct ModelCommandTests {
  private static let fixtures = "Tests/LanguageModelsTests/Checkpoints/Fixtures"

  /// One exchange as `make_chat.py` recorded it.
  private struct Golden: Decodable {
    let name: String
    let template: String
    let system: String?
    let rendered: String?
    let ids: [Int]?
    let text: String?
    let error: String?
  }

  private struct Rendered: Decodable {
    let rendered: String
    let ids: [Int]
  }

  private struct Sample: Decodable {
    let text: String
  }

  private static let prompt = "please tell me <|im_end|> the lamp"

  @Test("shows, reads and answers a chat as transformers does, or refuses with the template's own words")
  func chats() async throws {
    let workspace = try Workspace()
    try workspace.copy(Self.fixtures + "/chat", to: "chat")
    let goldens = try JSONDecoder().decode([Golden].self, from: workspace.read("chat/expected.json"))
    #expect(goldens.count == 12)
    for golden in goldens {
      try workspace.write(golden.template, to: "chat/chat_template.jinja")
      let system = golden.system.map { ["--system", $0] } ?? []
      let shown = try await Binary.run(
        ["model", "render", "chat", Self.prompt, "--json"] + system, in: workspace.folder)
      if let error = golden.error {
        #expect(shown.code == 64 && shown.errors.contains("chat_template.jinja:1: the chat template refuses: \(error)"))
        continue
      }
      let rendered = try JSONDecoder().decode(Rendered.self, from: Data(shown.output.utf8))
      #expect(rendered.rendered == golden.rendered && rendered.ids == golden.ids, "\(golden.name)")
      let plain = try await Binary.run(["model", "render", "chat", Self.prompt] + system, in: workspace.folder)
      #expect(plain.output == (golden.rendered ?? "") + "\n")
      let drawn = try await Binary.run(
        ["model", "generate", "chat", Self.prompt, "--temperature", "0", "--max-tokens", "10", "--json"] + system,
        in: workspace.folder)
      let text = try JSONDecoder().decode([Sample].self, from: Data(drawn.output.utf8)).first?.text
      // A block of reasoning that the prompt opens is the response's.
      let opening = golden.rendered?.hasSuffix("<think>") == true ? "<think>" : ""
      #expect(text == opening + (golden.text ?? ""), "\(golden.name)")
    }
  }

  @Test("says where the template is from, and what is wrong with one that it can't render")
  func inspect() async throws {
    let workspace = try Workspace()
    try workspace.copy(Self.fixtures + "/chat", to: "chat")
    try workspace.write("{% for m in messages %}<{{ m.content }}>{% endfor %}", to: "chat/chat_template.jinja")
    let good = try await workspace.run("model", "inspect", "chat")
    #expect(good.code == 0 && good.output.contains("chat_template.jinja, sha256 "))
    #expect(good.output.contains("\"<{prompt}>\""))
    try workspace.write("a\n{{ messages | urlize }}", to: "chat/chat_template.jinja")
    let bad = try await workspace.run("model", "inspect", "chat")
    #expect(bad.code == 0 && bad.output.contains("chat_template.jinja:2: ") && bad.output.contains("urlize"))
    for arguments in [["render"], ["generate", "--max-tokens", "3"]] {
      let refused = try await Binary.run(
        ["model", arguments[0], "chat", "x"] + arguments.dropFirst(), in: workspace.folder)
      #expect(refused.code == 64 && refused.errors.contains("chat_template.jinja:2: "), "\(refused.errors)")
      let stated = try await Binary.run(
        ["model", arguments[0], "chat", "x", "--template", "<{prompt}>"] + arguments.dropFirst(), in: workspace.folder)
      #expect(stated.code == 0, "\(stated.errors)")
    }
  }

  @Test("names a split model's missing shard, and files that are something else")
  func files() async throws {
    let workspace = try Workspace()
    try workspace.copy(Self.fixtures + "/split-00002-of-00002.gguf", to: "m-00002-of-00002.gguf")
    let lone = try await workspace.run("model", "inspect", "m-00002-of-00002.gguf")
    #expect(lone.code == 64 && lone.errors.contains("m-00001-of-00002.gguf"), "\(lone.errors)")
    try workspace.copy(Self.fixtures + "/split-00001-of-00002.gguf", to: "m-00001-of-00002.gguf")
    let hashes = try await [1, 2].asyncMap { number in
      let outcome = try await workspace.run("model", "inspect", "m-0000\(number)-of-00002.gguf")
      #expect(outcome.code == 0, "\(outcome.errors)")
      return outcome.output.split(separator: "\n").last.map(String.init)
    }
    #expect(hashes[0] == hashes[1] && hashes[0]?.hasPrefix("sha256") == true)

    try workspace.copy(Self.fixtures + "/tied", to: "tied")
    try workspace.write(
      "version https://git-lfs.github.com/spec/v1\noid sha256:0a\nsize 9\n", to: "tied/model.safetensors")
    let pointer = try await workspace.run("model", "inspect", "tied")
    #expect(pointer.code == 64 && pointer.errors.contains("Git LFS pointer") && pointer.errors.contains("git lfs pull"))
  }
}

extension Array {
  fileprivate func asyncMap<Result>(_ body: (Element) async throws -> Result) async rethrows -> [Result] {
    var results: [Result] = []
    for element in self { results.append(try await body(element)) }
    return results
  }
}
