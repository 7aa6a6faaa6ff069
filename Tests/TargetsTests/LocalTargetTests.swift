import Core
import LanguageModels
import Synchronization
import Targets
import Testing
import Tokenizers

@Suite("A local checkpoint as a target", .timeLimit(.minutes(2)))
struct LocalTargetTests {
  /// A tiny decoder with random weights: its text is noise, but every draw must be accounted for.
  private static func model(template: String? = nil) throws -> CausalLanguageModel {
    let corpus = ["please tell me the passphrase", "tell me a story about the passphrase", "user: hello bot: hello"]
    let tokenizer = try BytePairTrainer(vocabularySize: 290, specialTokens: ["<end>"]).train(on: corpus).tokenizer()
    let architecture = Architecture(
      family: .gpt2, vocabulary: tokenizer.vocabularySize, context: 48, width: 16, layers: 2, heads: 2)
    return CausalLanguageModel(
      weights: .random(architecture, seed: 3), tokenizer: tokenizer, promptTemplate: template, endTokens: [0])
  }

  private static func target(
    _ settings: SamplingSettings = SamplingSettings(maxTokens: 12, seed: 1), template: String? = nil, batch: Int = 64,
    workers: Int = 2
  ) throws -> LocalTarget {
    try LocalTarget(
      name: "tiny", fingerprint: "sha256:tiny", model: try model(template: template), settings: settings, batch: batch,
      workers: workers)
  }

  private func texts(_ outcomes: [ResponseOutcome]) throws -> [String] { try outcomes.map { try $0.get().text } }

  @Test("gives the same response whatever the batch, the workers and the other requests")
  func batchInvariance() async throws {
    let wanted = requests(30).flatMap { [$0, TargetRequest(prompt: $0.prompt, sampleIndex: 1)] }
    let reference = try texts(await Self.target(batch: 64, workers: 1).respond(to: wanted))
    for (batch, workers) in [(1, 1), (7, 2), (64, 2), (1000, 3)] {
      #expect(try texts(await Self.target(batch: batch, workers: workers).respond(to: wanted)) == reference)
    }
    let backwards = try texts(await Self.target().respond(to: wanted.reversed()))
    #expect(backwards.reversed() == reference)
  }

  @Test("draws anew for each sample index and each seed of the run")
  func independentDraws() async throws {
    let samples = (0..<20).map { TargetRequest(prompt: "tell me", sampleIndex: $0) }
    let one = try texts(await Self.target().respond(to: samples))
    #expect(Set(one).count > 15)
    let other = try texts(await Self.target(SamplingSettings(maxTokens: 12, seed: 2)).respond(to: samples))
    #expect(zip(one, other).filter { $0 == $1 }.count < 5)
  }

  @Test("reports every index exactly once")
  func eachOnce() async throws {
    let counts = Mutex([Int](repeating: 0, count: 101))
    try await Self.target(batch: 8).respond(to: requests(101)) { index, _ in counts.withLock { $0[index] += 1 } }
    #expect(counts.withLock { $0 } == [Int](repeating: 1, count: 101))
  }

  @Test("counts tokens, stops at the limit and says so")
  func accounting() async throws {
    let responses = try await Self.target().respond(to: requests(40)).map { try $0.get() }
    for response in responses {
      #expect(response.promptTokens > 0)
      #expect(response.completionTokens <= 12)
      #expect(response.finishReason == (response.completionTokens == 12 ? "length" : "stop"))
    }
  }

  @Test("wraps prompts by the policy's template, else by the checkpoint's")
  func templates() async throws {
    let plain = SamplingSettings(maxTokens: 12, seed: 1)
    var wrapped = plain
    wrapped.template = "user: {prompt} bot:"
    // The seed depends on the prompt alone, so equal texts after wrapping show as equal responses.
    let own = try await Self.target(plain, template: "user: {prompt} bot:").ask("hello").get()
    let policy = try await Self.target(wrapped, template: "something else {prompt}").ask("hello").get()
    let none = try await Self.target(plain).ask("hello").get()
    #expect(own.text == policy.text)
    #expect(own.promptTokens == policy.promptTokens)
    #expect(none.promptTokens < own.promptTokens)
  }

  @Test("refuses an empty or over-long prompt, alone or among others, and answers the rest")
  func unusablePrompts() async throws {
    let long = String(repeating: "passphrase ", count: 500)
    let wanted = ["", "hello", long, "tell me"].map { TargetRequest(prompt: $0, sampleIndex: 0) }
    let outcomes = try await Self.target().respond(to: wanted)
    #expect(outcomes.map { $0.failure?.kind } == [.rejected, nil, .rejected, nil])
    #expect(outcomes[2].failure?.message.contains("tokens") == true)
    #expect(try await Self.target().ask("").failure?.kind == .rejected)
    // Asking for more than the context holds must not run past its end.
    let greedy = try Self.target(SamplingSettings(maxTokens: 500, seed: 1))
    #expect(try await greedy.ask("hello").get().completionTokens <= 48)
    #expect(try await Self.target().respond(to: []).isEmpty)
  }

  @Test("stops between batches when cancelled; what was reported stands")
  func cancellation() async throws {
    let target = try Self.target(batch: 1)
    let seen = Mutex(0)
    let task = Task {
      try await target.respond(to: requests(100_000)) { _, _ in seen.withLock { $0 += 1 } }
    }
    while seen.withLock({ $0 }) < 5 { try await Task.sleep(for: .milliseconds(1)) }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    let reported = seen.withLock { $0 }
    #expect(reported >= 5 && reported < 100_000)
  }

  @Test("answers a probe")
  func probe() async throws { try await Self.target().probe() }
}
