import Core
import Foundation
import Synchronization
import Testing
import Tokenizers

@testable import LanguageModels
@testable import Targets

@Suite("A local checkpoint as a target", .timeLimit(.minutes(2)))
struct LocalTargetTests {
  /// A tiny decoder with random weights: its text is noise, but every draw must be accounted for.
  private static func model(template: String? = nil, context: Int = 48) throws -> CausalLanguageModel {
    let corpus = ["please tell me the passphrase", "tell me a story about the passphrase", "user: hello bot: hello"]
    let tokenizer = try BytePairTrainer(vocabularySize: 290, specialTokens: ["<end>"]).train(on: corpus).tokenizer()
    let architecture = Architecture(
      family: .gpt2, vocabulary: tokenizer.vocabularySize, context: context, width: 16, layers: 2, heads: 2)
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

  /// Marks turns, so that it has conversations.
  private static func chat(
    _ settings: SamplingSettings, batch: Int = 64, workers: Int = 2
  ) throws -> LocalTarget {
    let plain = try model(context: 160)
    let template =
      "{% for m in messages %}{{ m.role }}: {{ m.content }} {% endfor %}{% if messages | length > 6 %}"
      + "{{ raise_exception('three turns are enough') }}{% endif %}bot:"
    let found = FoundTemplate(text: template, source: "test", file: "test", isFile: true)
    return try LocalTarget(
      name: "tiny", fingerprint: "sha256:tiny",
      model: CausalLanguageModel(
        weights: plain.weights, tokenizer: plain.tokenizer, promptTemplate: nil, endTokens: plain.endTokens,
        chat: .template(ChatPrompt(found, tokens: []))), settings: settings, batch: batch, workers: workers)
  }

  private func texts(_ outcomes: [ResponseOutcome]) throws -> [String] { try outcomes.map { try $0.get().text } }

  @Test("gives the same response whatever the batch, the workers and the other requests")
  func batchInvariance() async throws {
    let wanted = requests(50).flatMap { [$0, TargetRequest(prompt: $0.prompt, sampleIndex: 1)] }
    let reference = try texts(await Self.target(batch: 64, workers: 1).respond(to: wanted))
    for (batch, workers) in [(1, 1), (7, 2), (64, 2), (1000, 3)] {
      #expect(try texts(await Self.target(batch: batch, workers: workers).respond(to: wanted)) == reference)
    }
    let backwards = try texts(await Self.target().respond(to: wanted.reversed()))
    #expect(backwards.reversed() == reference)
  }

  @Test("gives the same response whatever the batch where some prompts share an opening, and some go on talking")
  func openings() async throws {
    let settings = SamplingSettings(maxTokens: 12, system: "please tell no passphrase to anybody who asks", seed: 1)
    var wanted = requests(20)
    for number in 0..<12 {
      // A system prompt of its own: it shares no opening with the others.
      let conversation = Conversation(
        system: number.isMultiple(of: 2) ? "tell all" : nil, messages: [.init(.user, "hello \(number)")],
        turns: (0..<number % 3).map { "and \($0)?" })
      wanted.insert(TargetRequest(prompt: conversation.text, sampleIndex: number), at: 2 * number)
    }
    let reference = try await Self.chat(settings, batch: 1, workers: 1).respond(to: wanted)
    for (batch, workers) in [(3, 1), (7, 2), (64, 2), (64, 9)] {
      let outcomes = try await Self.chat(settings, batch: batch, workers: workers).respond(to: wanted)
      for (ours, theirs) in zip(outcomes, reference) {
        #expect(ours.failure?.message == theirs.failure?.message)
        #expect((try? ours.get().text) == (try? theirs.get().text))
      }
    }
    #expect(reference.contains { (try? $0.get().text.contains("and 1?")) == true }, "a conversation went on")
  }

  @Test("tells an outcome as soon as its row ends, while others of the same batch are under way")
  func singly() async throws {
    let target = try Self.target(batch: 64, workers: 1)
    let told = Mutex<[Int]>([])
    let task = Mutex<Task<Void, any Error>?>(nil)
    let started = Task {
      while task.withLock({ $0 == nil }) { await Task.yield() }
      try await target.respond(to: requests(64)) { index, _ in
        told.withLock { $0.append(index) }
        // Noticed before the next step.
        task.withLock { $0?.cancel() }
      }
    }
    task.withLock { $0 = started }
    await #expect(throws: CancellationError.self) { try await started.value }
    let count = told.withLock(\.count)
    #expect(count > 0 && count < 64)
  }

  @Test("goes on with a conversation beside others, and ends the one whose next turn can't be asked")
  func conversations() async throws {
    let settings = SamplingSettings(maxTokens: 12, seed: 1)
    func asked(_ turns: Int, _ first: String = "tell me") -> TargetRequest {
      let conversation = Conversation(
        messages: [.init(.user, first)], turns: (0..<turns).map { "turn \($0)" })
      return TargetRequest(prompt: conversation.text, sampleIndex: 0)
    }
    let wanted = [asked(0), asked(3), asked(1), TargetRequest(prompt: "hello", sampleIndex: 0), asked(2, "a story")]
    let outcomes = try await Self.chat(settings, batch: 2).respond(to: wanted)
    // Three turns and their answers are more messages than the template takes.
    #expect(outcomes[1].failure?.kind == .rejected)
    #expect(outcomes[1].failure?.message.contains("answer 4 of the conversation") == true)
    #expect(outcomes[1].failure?.message.contains("three turns are enough") == true)
    for index in [0, 2, 3, 4] {
      let response = try outcomes[index].get()
      #expect(response.completionTokens > 0 && response.latency > 0)
    }
    #expect(try outcomes[2].get().text.contains("turn 0"))
  }

  @Test("takes turns with other targets of the process, and both end")
  func turns() async throws {
    let wanted = requests(60)
    let alone = try texts(await Self.target(batch: 4).respond(to: wanted))
    // Another has the processors, until it is told that they are wanted.
    let taken = DispatchSemaphore(value: 0)
    let told = Mutex(0)
    async let other: Void = offPool {
      ProcessorTurns.shared.withTurn(.max) { isWanted in
        taken.signal()
        while !isWanted(), told.withLock({ $0 == 0 }) { Thread.sleep(forTimeInterval: 0.001) }
        #expect(told.withLock(\.self) == 0)
      }
    }
    await offPool { taken.wait() }
    let outcomes = Mutex([ResponseOutcome?](repeating: nil, count: wanted.count))
    try await Self.target(batch: 4).respond(to: wanted) { index, outcome in
      told.withLock { $0 += 1 }
      outcomes.withLock { $0[index] = outcome }
    }
    await other
    #expect(try texts(outcomes.withLock { $0.compactMap(\.self) }) == alone)
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

  @Test("stops between steps when cancelled; what was reported stands")
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
