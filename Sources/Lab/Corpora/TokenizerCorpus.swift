import Core

/// The text that the tokenizer's merges are learned from: the whole language, each part about as often as models meet it.
enum TokenizerCorpus {
  static func texts(seed: UInt64) -> [String] {
    var random = SeededGenerator(seed: seed, stream: "lab tokenizer")
    let corpus = AssistantCorpus.base()
    return (0..<20_000).flatMap { _ -> [String] in
      let transcript = corpus.draw(&random)
      return [transcript.prompt, transcript.response]
    }
  }
}
