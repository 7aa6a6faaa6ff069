import ChatTemplates
import Core
import Foundation
import Kinds
import LanguageModels
import Synchronization

/// A checkpoint that answers in this process.
///
/// A response depends on (prompt, sample index, settings) alone: each sample has a seed of its own, and the engine's
/// rows don't influence each other.
public final class LocalTarget: Target {
  public let name: String
  public let fingerprint: String
  public let settings: SamplingSettings
  public let preferredBatch: Int

  private let model: CausalLanguageModel
  private let prompts: LocalPrompt
  /// Tokens with which all prompts begin: computed once for a batch.
  private let opening: [Int]
  private let marks: ReasoningMarks
  private let batch: Int
  private let workers: Int

  /// - Parameters:
  ///   - name: what a person calls it, usually the checkpoint's folder.
  ///   - fingerprint: identity of the checkpoint's files.
  ///   - settings: without a template, the checkpoint's own is used, or its chat template.
  ///   - batch: rows that one worker samples at once.
  ///   - time: what a chat template is told that asks for the date.
  /// - Throws: `SluiceError` (usage) where the checkpoint's chat template can't be rendered, or refuses the settings.
  public init(
    name: String, fingerprint: String, model: CausalLanguageModel, settings: SamplingSettings, batch: Int = 64,
    workers: Int = 2, time: TemplateTime = .now
  ) throws {
    self.name = name
    self.fingerprint = fingerprint
    self.model = model
    self.settings = settings
    self.batch = max(1, batch)
    self.workers = max(1, workers)
    preferredBatch = self.batch * self.workers
    prompts = try LocalPrompt(model, settings, time: time)
    opening = prompts.opening(least: Self.leastOpening)
    marks = ReasoningMarks(model.tokenizer)
  }

  /// Tokens from which on an opening is worth computing apart from what follows it.
  static let leastOpening = 16

  public var answersInBatches: Bool { true }

  /// A digest of the files: no policy has to say it.
  public var declaredRevision: String? { fingerprint }

  /// The chat template is tried on it, with answers of one word: it may refuse turns as it may refuse a system prompt.
  public func objection(to conversation: Conversation) -> ConversationObjection? {
    if conversation.usesTools {
      return ConversationObjection(
        "a local checkpoint is told of no tools", remedy: "Serve it, and ask the server: that tells tools from text.")
    }
    var turns = conversation.messages
    for turn in conversation.turns { turns += [.init(.assistant, "Yes."), .init(.user, turn)] }
    do {
      _ = try prompts.render(turns, system: conversation.system)
      return nil
    } catch let error as SluiceError {
      return ConversationObjection(
        error.message,
        remedy: "Conversations need a checkpoint with a chat template that takes them, and no template key.")
    } catch {
      return ConversationObjection("\(error)", remedy: "Name another checkpoint.")
    }
  }

  public func respond(
    to requests: [TargetRequest], onOutcome: @escaping @Sendable (_ index: Int, _ outcome: ResponseOutcome) -> Void
  ) async throws {
    // Fewer rows than one batch for each worker are shared out evenly, so that no core idles.
    let size = min(batch, max(1, (requests.count + workers - 1) / workers))
    let batches = (requests.count + size - 1) / size
    // Where there are fewer batches than workers, several share one.
    let threads = max(1, workers / max(1, batches))
    let queue = IndexQueue(count: batches)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<workers {
        group.addTask { [self] in
          while let number = queue.next() {
            try Task.checkCancellation()
            let indices = number * size..<min((number + 1) * size, requests.count)
            let outcomes = await offPool { [self] in sample(requests[indices], threads: threads) }
            for (index, outcome) in zip(indices, outcomes) { onOutcome(index, outcome) }
          }
        }
      }
      try await group.waitForAll()
    }
  }

  public func probe() async throws {
    let request = TargetRequest(prompt: "Hello", sampleIndex: 0)
    guard let outcome = await offPool({ [self] in sample([request], threads: workers) }).first else { return }
    _ = try outcome.get()
  }

  /// A request that has no outcome yet, with its conversation where it is one.
  private struct Open {
    let index: Int
    let seed: UInt64
    var live: LiveConversation?
  }

  /// One outcome for each request, in order. Blocks.
  ///
  /// Conversations take a round for each answer.
  private func sample(_ requests: ArraySlice<TargetRequest>, threads: Int) -> [ResponseOutcome] {
    var outcomes = [ResponseOutcome](
      repeating: .failure(ResponseFailure(kind: .malformed, message: "\(name): the engine left a request out")),
      count: requests.count)
    var open = requests.enumerated().map { index, request in
      Open(
        index: index, seed: request.sampleSeed(settings),
        live: Conversation(text: request.prompt).map { LiveConversation($0) })
    }
    while !open.isEmpty {
      let answers = answers(open.map { ($0, requests[requests.startIndex + $0.index].prompt) }, threads: threads)
      var next: [Open] = []
      for (var item, answer) in zip(open, answers) {
        switch (answer, item.live) {
        case (.success(let response), .some(var live)):
          let goesOn = live.hear(response, calls: [])
          item.live = live
          if goesOn { next.append(item) } else { outcomes[item.index] = .success(live.response) }
        case (.failure(let failure), .some(let live)): outcomes[item.index] = .failure(live.explained(failure))
        case (_, .none): outcomes[item.index] = answer
        }
      }
      open = next
    }
    return outcomes
  }

  /// The next answer to each, in order.
  private func answers(_ open: [(item: Open, prompt: String)], threads: Int) -> [ResponseOutcome] {
    let start = ContinuousClock.now
    let inputs = open.map { input(for: $0.prompt, $0.item.live) }
    var rows: [(place: Int, request: GenerationRequest)] = []
    for (place, (input, item)) in zip(inputs, open.map(\.item)).enumerated() {
      guard let input = try? input.get() else { continue }
      rows.append((place, GenerationRequest(prompt: input.tokens, seed: item.live?.seed(item.seed) ?? item.seed)))
    }
    let generations = generate(rows, threads: threads)
    // Each row's even share: in a batch no row has a latency of its own.
    let latency = (ContinuousClock.now - start).inSeconds / Double(max(1, rows.count))
    return inputs.enumerated().map { place, input in
      input.flatMap { input in
        guard let generation = generations[place] else {
          return .failure(ResponseFailure(kind: .malformed, message: "\(name): the engine left a request out"))
        }
        return .success(
          Response(
            text: input.opening + marks.text(of: generation.tokens), promptTokens: input.tokens.count,
            completionTokens: generation.tokens.count, latency: latency,
            finishReason: generation.finished ? FinishReason.stop : FinishReason.cut
          ).capped(at: settings.maxBytes))
      }
    }
  }

  /// What the model writes, by place. Prompts that begin with the common opening go on from it together; a prompt whose own
  /// words change the last token of the opening doesn't.
  private func generate(_ rows: [(place: Int, request: GenerationRequest)], threads: Int) -> [Int: Generation] {
    var generations: [Int: Generation] = [:]
    let shared = rows.filter { goesOn($0.request.prompt) }
    for (prefix, group) in [(opening, shared), ([], rows.filter { !goesOn($0.request.prompt) })] where !group.isEmpty {
      let requests = group.map {
        GenerationRequest(prompt: Array($0.request.prompt.dropFirst(prefix.count)), seed: $0.request.seed)
      }
      let made = model.generate(
        requests, after: prefix, temperature: Float(settings.temperature), topP: Float(settings.topP),
        maxTokens: settings.maxTokens, workers: threads)
      for (row, generation) in zip(group, made) { generations[row.place] = generation }
    }
    return generations
  }

  /// Whether a prompt goes on from the common opening.
  private func goesOn(_ prompt: [Int]) -> Bool {
    !opening.isEmpty && prompt.count > opening.count && prompt.starts(with: opening)
  }

  /// What the model reads, and the mark of reasoning that it finds open there.
  private typealias Input = (tokens: [Int], opening: String)

  /// - Parameter live: the conversation that the prompt is; nil for a plain one.
  private func input(for prompt: String, _ live: LiveConversation?) -> Result<Input, ResponseFailure> {
    func rejected(_ why: String) -> Result<Input, ResponseFailure> {
      .failure(ResponseFailure(kind: .rejected, message: "\(name): \(why)"))
    }
    // Cutting a long prompt would measure another attack under its name, so it is refused, as a server does.
    let context = model.weights.architecture.context
    let room = context - min(settings.maxTokens, context / 2)
    do {
      let text =
        try live.map { try prompts.render($0.history(nil), system: $0.conversation.system) } ?? prompts.render(prompt)
      let tokens = prompts.tokens(rendered: text)
      guard !tokens.isEmpty else { return rejected("the prompt is empty") }
      guard tokens.count <= room else {
        return rejected("the prompt has \(tokens.count) tokens, and the model has room for \(room)")
      }
      return .success((tokens, prompts.isChat ? ReasoningMarks.opening(endOf: text) : ""))
    } catch let error as SluiceError {
      return rejected(error.message)
    } catch {
      return rejected("\(error)")
    }
  }
}

extension TargetKind {
  static let local = TargetKind(
    name: "local", summary: "a checkpoint in this process",
    keys: [
      PolicyKey(
        name: "checkpoint", shape: .checkpoint, required: true,
        help: "Folder with config.json, model.safetensors and tokenizer.json, or a GGUF file."),
      PolicyKey(
        name: "max_tokens", shape: .integer(1...LocalTarget.Recipe.mostTokens),
        help: "Longest response (default: the checkpoint's own generation_config.json, else 512)."),
      PolicyKey(name: "batch", shape: .integer(1...4096), fallback: "64", help: "Prompts decoded together."),
    ]
  ) { section in
    LocalTarget.Recipe(
      path: section.string("checkpoint"), settings: SamplingSettings(section, maxTokens: 0),
      maxTokens: section.optionalInteger("max_tokens"), batch: section.integer("batch"))
  }
}

extension LocalTarget {
  struct Recipe: TargetRecipe {
    var path: String
    /// Without the limit of tokens and the seed.
    var settings: SamplingSettings
    /// Nil for the checkpoint's own.
    var maxTokens: Int?
    var batch = 64

    /// The limit for a model that does not say how long its answers may be.
    private static let usualMaxTokens = 512
    /// The largest limit that a policy may state.
    static let mostTokens = 100_000

    var name: String { path }
    var checkpoint: String? { path }
    var served: ServedModel? { nil }

    func asking(checkpoint: String) -> any TargetRecipe {
      var recipe = self
      recipe.path = checkpoint
      return recipe
    }

    func asking(served name: String) -> (any TargetRecipe)? { nil }

    func make(_ context: TargetContext) throws -> any Target {
      let loaded = try context.decoder(path, .stored)
      var settings = settings
      settings.maxTokens =
        maxTokens ?? loaded.model.maxNewTokens.map { min($0, Self.mostTokens) } ?? Self.usualMaxTokens
      settings.seed = context.seed
      return try LocalTarget(
        name: path, fingerprint: identity(loaded, settings, context), model: loaded.model, settings: settings,
        batch: batch, workers: context.workers, time: context.time)
    }

    /// What stands for the model as it is asked.
    ///
    /// A chat template that tells the date makes other prompts tomorrow: they are another model's, as far as stored
    /// responses go.
    private func identity(
      _ loaded: LoadedDecoder, _ settings: SamplingSettings, _ context: TargetContext
    ) throws -> String {
      let identity = "\(loaded.fingerprint)/engine-\(CausalLanguageModel.engineVersion)"
      let prompts = try LocalPrompt(loaded.model, settings, time: context.time)
      // Going on from an opening rounds otherwise than reading it anew.
      let opening = prompts.opening(least: LocalTarget.leastOpening).count
      let engine = opening > 0 ? identity + "/opening-\(opening)" : identity
      return try prompts.identityInTime().map { engine + "/prompt-\(context.digest($0).prefix(16))" } ?? engine
    }
  }
}
