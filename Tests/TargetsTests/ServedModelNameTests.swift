import Testing

@testable import Targets

@Suite("The name of the model that answered")
struct ServedModelNameTests {
  @Test(
    "A release, a path, a tag for the newest and the file that is loaded name the model that was asked for",
    arguments: [
      ("gpt-4o", "gpt-4o-2024-08-06"), ("gpt-4", "gpt-4-0613"), ("GPT-4o", "gpt-4o"), ("gpt-4o-2024-08-06", "gpt-4o"),
      ("claude-3-5-sonnet-latest", "claude-3-5-sonnet-20241022"), ("openai/gpt-4o", "gpt-4o-2024-11-20"),
      ("meta-llama/Llama-3.1-8B-Instruct", "Llama-3.1-8B-Instruct"), ("llama3", "llama3:latest"),
      ("next", "/models/next.Q4_K_M.gguf"), ("next", "qwen2.5-0.5b.gguf"), ("mistral-small", "mistral-small-2409"),
      ("titan", "titan-v1:0"), ("next", ""),
    ])
  func sameModel(asked: String, named: String) { #expect(ServedModelName.means(asked, named: named)) }

  @Test(
    "Another size, another generation and another name are another model",
    arguments: [
      ("gpt-4o", "gpt-4o-mini"), ("gpt-4", "gpt-4.1"), ("gpt-4", "gpt-4-32k"), ("llama-3", "llama-3-8b"),
      ("claude-3", "claude-3-5"), ("next", "last"), ("o1", "o1-preview"), ("llama3", "llama3:8b"), ("a", "b/c"),
    ])
  func anotherModel(asked: String, named: String) { #expect(!ServedModelName.means(asked, named: named)) }
}
