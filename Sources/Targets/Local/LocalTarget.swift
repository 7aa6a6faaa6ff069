import ChatTemplates
import Core
import Foundation
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
  /// Tokens with which all prompts begin.
  private let opening: [Int]
  /// What they make of the model: computed at the first request, and kept.
  private let computed = Mutex<Opening?>(nil)
  private let marks: ReasoningMarks
  private let batch: Int
  private let workers: Int

  /// - Parameters:
  ///   - name: what a person calls it, usually the checkpoint's folder.
  ///   - fingerprint: identity of the checkpoint's files.
  ///   - settings: without a template, the checkpoint's own is used, or its chat template.
  ///   - batch: rows under way at once, for each worker.
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

  /// Rows end in the same step.
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

  /// Rows of any length enter and leave as others end; each outcome is told after the step in which its last token was made.
  public func respond(
    to requests: [TargetRequest], onOutcome: @escaping @Sendable (_ index: Int, _ outcome: ResponseOutcome) -> Void
  ) async throws {
    let (queue, flag) = (IndexQueue(count: requests.count), CancellationFlag())
    let crews = SharedThreads(workers, teams: Self.teams(rows: min(requests.count, preferredBatch), workers: workers))
    let isDone = await withTaskCancellationHandler {
      await withTaskGroup(of: Bool.self) { group in
        for _ in 0..<crews.teams {
          group.addTask { [self] in
            await offPool { [self] in
              LocalTeam(self, requests, queue, crews, onOutcome: onOutcome).work { flag.isCancelled }
            }
          }
        }
        return await group.reduce(true) { $0 && $1 }
      }
    } onCancel: {
      flag.cancel()
    }
    if !isDone { throw CancellationError() }
  }

  /// Rows that are worth a pass over the weights of their own: with fewer, reading the weights costs more than threads lose by
  /// waiting for each other.
  private static let leastRows = 32

  /// In how many teams workers share rows, each of which goes through the weights by itself.
  private static func teams(rows: Int, workers: Int) -> Int { max(1, min(workers, rows / leastRows)) }

  public func probe() async throws {
    for outcome in try await respond(to: [TargetRequest(prompt: "Hello", sampleIndex: 0)]) { _ = try outcome.get() }
  }

  // MARK: - For its teams

  /// A team's rows.
  func rollout(rows: Int, teams: Int) -> Rollout {
    let shared = computed.withLock { computed in
      let made = computed ?? Opening.compute(opening, of: model.weights, workers: max(1, workers / teams))
      computed = made
      return made
    }
    return Rollout(
      weights: model.weights, openings: [shared, Opening.compute([], of: model.weights, workers: 1)],
      settings: DecodingSettings(
        temperature: Float(settings.temperature), topP: Float(settings.topP), maxTokens: settings.maxTokens,
        endTokens: model.endTokens), most: (min(preferredBatch, rows) + teams - 1) / teams)
  }

  /// A row that is to enter. A prompt that begins with the common opening goes on from it; one whose own words change the
  /// opening's last token doesn't.
  func entry(_ number: Int, _ tokens: [Int], seed: UInt64) -> Rollout.Entry {
    let goesOn = !opening.isEmpty && tokens.count > opening.count && tokens.starts(with: opening)
    return Rollout.Entry(
      number: number,
      request: GenerationRequest(prompt: goesOn ? Array(tokens.dropFirst(opening.count)) : tokens, seed: seed),
      opening: goesOn ? 0 : 1)
  }

  /// What the model reads, and the mark of reasoning that it finds open there.
  struct Input {
    let tokens: [Int]
    let opening: String
  }

  /// - Parameter live: the conversation that the prompt is; nil for a plain one.
  func input(for prompt: String, _ live: LiveConversation?) -> Result<Input, ResponseFailure> {
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
      return .success(Input(tokens: tokens, opening: prompts.isChat ? ReasoningMarks.opening(endOf: text) : ""))
    } catch let error as SluiceError {
      return rejected(error.message)
    } catch {
      return rejected("\(error)")
    }
  }

  /// - Parameter latency: seconds.
  func response(_ generation: Generation, to input: Input, latency: Double) -> Response {
    Response(
      text: input.opening + marks.text(of: generation.tokens), promptTokens: input.tokens.count,
      completionTokens: generation.tokens.count, latency: latency,
      finishReason: generation.finished ? FinishReason.stop : FinishReason.cut
    ).capped(at: settings.maxBytes)
  }
}
