import ChatTemplates
import Core
import Foundation
import Testing
import Tokenizers

@testable import LanguageModels

/// One exchange as `Fixtures/make_chat.py` recorded it.
private struct ChatGolden: Decodable, CustomStringConvertible {
  let name: String
  let template: String
  let system: String?
  let rendered: String?
  let ids: [Int]?
  let greedy: [Int]?
  let text: String?
  let error: String?

  static let prompt = "please tell me <|im_end|> the lamp"
  var description: String { "\(name), system \(system ?? "none")" }

  static func all() throws -> [ChatGolden] {
    try JSONDecoder().decode(
      [ChatGolden].self, from: Data(contentsOf: URL(filePath: CheckpointFixtures.path("chat/expected.json"))))
  }
}

@Suite("Chat models answer what transformers answers")
struct ChatModelTests {
  private static let time = TemplateTime(year: 2026, month: 3, day: 5)

  /// A copy of the chat model without a template.
  private func model(_ more: (borrowing CheckpointFolder) throws -> Void) throws -> CausalLanguageModel {
    let folder = try CheckpointFolder()
    for name in [
      "config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json",
    ] {
      try folder.write(CheckpointFixtures.bytes(CheckpointFixtures.path("chat/" + name)), as: name)
    }
    try more(folder)
    return try CausalLanguageModel.load(folder: folder.path)
  }

  private func chat(_ model: CausalLanguageModel) throws -> ChatPrompt {
    switch model.chat {
    case .template(let chat): return chat
    case .unreadable(let error): throw error
    case .none: throw SluiceError(.usage, "no chat template was found")
    }
  }

  @Test("the rendered text, its ids and ten greedy tokens")
  func goldens() throws {
    for golden in try ChatGolden.all() {
      let model = try model { try $0.write(golden.template, as: "chat_template.jinja") }
      if let refusal = golden.error {
        let error = #expect(throws: SluiceError.self) {
          try chat(model).render(ChatGolden.prompt, system: golden.system, time: Self.time)
        }
        #expect(error?.exitCode == .usage && error?.message == "the chat template refuses: \(refusal)", "\(golden)")
        continue
      }
      let text = try chat(model).render(ChatGolden.prompt, system: golden.system, time: Self.time).text
      #expect(text == golden.rendered, "\(golden)")
      let ids = model.tokenizer.encode(text, addingSpecialTokens: false)
      #expect(ids == golden.ids, "\(golden)")
      let drawn = model.generate(
        [GenerationRequest(prompt: ids, seed: 1)], temperature: 0, topP: 1, maxTokens: 10, workers: 1)[0]
      // transformers counts the end token.
      #expect(drawn.tokens == golden.greedy?.filter { $0 != 1 }, "\(golden)")
      #expect(model.tokenizer.decode(drawn.tokens) == golden.text, "\(golden)")
    }
  }

  private func quoted(_ text: String) throws -> String {
    String(decoding: try JSONEncoder().encode(text), as: UTF8.self)
  }

  @Test("from every place that a template is published in, a file of its own before the others")
  func places() throws {
    let (a, b) = ("A{{ messages[0].content }}", "B{{ bos_token }}{{ messages[0].content }}")
    func rendered(_ write: (borrowing CheckpointFolder) throws -> Void) throws -> String {
      try chat(try model(write)).render("x", system: nil, time: Self.time).text
    }
    func settings(_ value: String, bos: String = "\"<|begin|>\"") -> String {
      "{\"bos_token\": \(bos), \"chat_template\": \(value)}"
    }
    #expect(try rendered { try $0.write(settings(quoted(b)), as: "tokenizer_config.json") } == "B<|begin|>x")
    #expect(
      try rendered {
        try $0.write(settings(quoted(b), bos: "{\"content\": \"<|end|>\"}"), as: "tokenizer_config.json")
      } == "B<|end|>x")
    let named =
      "[{\"name\": \"tool_use\", \"template\": \(try quoted(a))}, {\"name\": \"default\", \"template\": \(try quoted(b))}]"
    #expect(try rendered { try $0.write(settings(named), as: "tokenizer_config.json") } == "B<|begin|>x")
    #expect(
      try rendered {
        try $0.write(settings(quoted(b)), as: "tokenizer_config.json")
        try $0.write(a, as: "chat_template.jinja")
      } == "Ax")
    #expect(try rendered { try $0.write("{\"chat_template\": \(quoted(a))}", as: "chat_template.json") } == "Ax")
    // transformers takes none for the default here.
    let lone = try model {
      try $0.write(settings("[{\"name\": \"rag\", \"template\": \"a\"}]"), as: "tokenizer_config.json")
    }
    guard case .unreadable(let error) = lone.chat else {
      Issue.record("a template was found")
      return
    }
    #expect(error.message.contains("'rag'") && error.exitCode == .usage)
  }

  @Test("and one that can't be rendered is refused with its line, in a file or in a key")
  func unreadable() throws {
    let broken = "a\n{{ messages|urlize }}"
    let file = try model { try $0.write(broken, as: "chat_template.jinja") }
    guard case .unreadable(let error) = file.chat else {
      Issue.record("it was read")
      return
    }
    #expect(error.location?.line == 2 && error.location?.file.hasSuffix("chat_template.jinja") == true)
    #expect(error.message.contains("urlize") && error.remedy != nil)
    let key = try model {
      try $0.write("{\"chat_template\": \(quoted(broken))}", as: "tokenizer_config.json")
    }
    guard case .unreadable(let error) = key.chat else {
      Issue.record("it was read")
      return
    }
    #expect(error.message.contains("line 2") && error.location?.file.hasSuffix("tokenizer_config.json") == true)
  }

  @Test("end where generation_config.json says, else where config.json does")
  func ends() throws {
    #expect(try model { _ in }.endTokens == [1])
    #expect(try model { try $0.write("{\"eos_token_id\": [3, 1]}", as: "generation_config.json") }.endTokens == [1, 3])
    #expect(try model { try $0.write("{\"eos_token_id\": 3}", as: "generation_config.json") }.endTokens == [3])
    #expect(try model { try $0.write("{}", as: "generation_config.json") }.endTokens == [1])
  }

  @Test("answer as long as generation_config.json says, an adapter as its base's, and a broken file is an error")
  func lengths() throws {
    #expect(try model { _ in }.maxNewTokens == nil)
    #expect(try model { try remove("generation_config.json", in: $0) }.maxNewTokens == nil)
    let folder = try CheckpointFolder()
    for name in ["config.json", "model.safetensors", "tokenizer.json"] {
      try folder.write(CheckpointFixtures.bytes(CheckpointFixtures.path("chat/" + name)), as: name)
    }
    try folder.write("{\"max_new_tokens\": 7}", as: "generation_config.json")
    let base = try CausalLanguageModel.load(folder: folder.path)
    let adapter = try LoRAAdapter(
      layout: base.weights.layout, rank: 2, alpha: 2, projections: ["self_attn.q_proj"], seed: 1)
    let adapted = try CheckpointFolder()
    try AdaptedCheckpoint.write(adapter, base: folder.path, promptTemplate: nil, to: adapted.path)
    #expect(try [base, .load(folder: adapted.path)].map(\.maxNewTokens) == [7, 7])
    for broken in ["{", "{\"max_new_tokens\": 0}", "{\"max_new_tokens\": \"many\"}"] {
      try folder.write(broken, as: "generation_config.json")
      for path in [folder.path, adapted.path] {
        let error = #expect(throws: SluiceError.self) { try CausalLanguageModel.load(folder: path) }
        #expect(error?.exitCode == .usage && error?.location?.file.hasSuffix("generation_config.json") == true)
      }
    }
    // A link to nothing is no absent file.
    try remove("generation_config.json", in: folder)
    try FileManager.default.createSymbolicLink(
      atPath: folder.path + "/generation_config.json", withDestinationPath: "/nowhere/at-all.json")
    let error = #expect(throws: SluiceError.self) { try CausalLanguageModel.load(folder: folder.path) }
    #expect(error?.location?.file.hasSuffix("generation_config.json") == true)
  }

  private func remove(_ name: String, in folder: borrowing CheckpointFolder) throws {
    try FileManager.default.removeItem(atPath: folder.path + "/" + name)
  }
}

@Suite("Stored weights are used as they stand")
struct StoredWeightTests {
  private struct Expected: Decodable {
    let ids: [Int]
    let logProbabilities: [Float]
  }

  private static func expected() throws -> Expected {
    try JSONDecoder().decode(
      Expected.self, from: Data(contentsOf: URL(filePath: CheckpointFixtures.path("tied/expected.json"))))
  }

  private func expectScores(_ path: String) throws {
    let expected = try Self.expected()
    let score = try CausalLanguageModel.load(folder: path).score("please tell me the lamp")
    #expect(score.tokens.map(\.id) == expected.ids)
    for (token, wanted) in zip(score.tokens.dropFirst(), expected.logProbabilities) {
      #expect(abs((token.logProbability ?? .nan) - wanted) < 1e-3)
    }
  }

  @Test("an output matrix of its own, although the configuration says tied")
  func head() throws {
    try expectScores(CheckpointFixtures.path("tied"))
    #expect(try !CheckpointDescription.load(CheckpointFixtures.path("tied")).tiedEmbeddings)
  }

  @Test("a split GGUF model, whichever shard is named")
  func split() throws {
    for number in 1...2 {
      let path = CheckpointFixtures.path("split-0000\(number)-of-00002.gguf")
      try expectScores(path)
      let description = try CheckpointDescription.load(path)
      #expect(description.template == "<|begin|>[user] {prompt}<|end|>")
      #expect(description.templateSource == "tokenizer.chat_template")
    }
  }

  @Test("a split GGUF model without a shard, or with shards of another, is refused by name")
  func shards() throws {
    let bytes = try (1...2).map {
      try CheckpointFixtures.bytes(CheckpointFixtures.path("split-0000\($0)-of-00002.gguf"))
    }
    func message(_ names: [String], _ contents: [[UInt8]], loading name: String) throws -> String {
      let folder = try CheckpointFolder()
      for (name, bytes) in zip(names, contents) { try folder.write(bytes, as: name) }
      let error = #expect(throws: SluiceError.self) { try CausalLanguageModel.load(folder: folder.path + "/" + name) }
      #expect(error?.exitCode == .usage && error?.remedy != nil)
      return error?.message ?? ""
    }
    let names = (1...2).map { "m-0000\($0)-of-00002.gguf" }
    #expect(try message([names[0]], [bytes[0]], loading: names[0]).contains("missing: "))
    #expect(try message([names[1]], [bytes[1]], loading: names[1]).contains("m-00001-of-00002.gguf"))
    #expect(try message(names, bytes.reversed(), loading: names[0]).contains("claims to be shard 2"))
    #expect(try message(names, [bytes[0], bytes[0]], loading: names[0]).contains("claims to be shard 1"))
    #expect(try message(["m.gguf"], [bytes[0]], loading: "m.gguf").contains("shard 1 of 2"))
    #expect(try message(["m.gguf"], [bytes[1]], loading: "m.gguf").contains("shard 2 of 2"))
  }

  @Test("weights that the configuration has no place for are refused by name")
  func strays() throws {
    let folder = try CheckpointFolder()
    for name in ["config.json", "tokenizer.json", "tokenizer_config.json"] {
      try folder.write(CheckpointFixtures.bytes(CheckpointFixtures.path("tied/" + name)), as: name)
    }
    let file = try SafetensorsFile(path: CheckpointFixtures.path("tied/model.safetensors"))
    var tensors = try file.tensors.sorted { $0.key < $1.key }.map { name, info in
      (name: name, shape: info.shape, values: try file.floats(name))
    }
    for stray in ["model.layers.1.self_attn.q_proj.bias", "model.layers.2.input_layernorm.weight", "lm_head.bias"] {
      tensors.append((stray, [16], [Float](repeating: 0.5, count: 16)))
      try SafetensorsWriter.write(tensors: tensors, dtype: .f32, metadata: [:], to: folder.path + "/model.safetensors")
      let error = #expect(throws: SluiceError.self) { try CausalLanguageModel.load(folder: folder.path) }
      #expect(
        error?.exitCode == .usage && error?.message.contains("'\(stray)'") == true, "\(error?.message ?? "loaded")")
      tensors.removeLast()
    }
    // Not learnt, so nothing is lost.
    tensors.append(("model.layers.0.self_attn.rotary_emb.inv_freq", [2], [1, 0.01]))
    try SafetensorsWriter.write(tensors: tensors, dtype: .f32, metadata: [:], to: folder.path + "/model.safetensors")
    _ = try CausalLanguageModel.load(folder: folder.path)
  }
}
