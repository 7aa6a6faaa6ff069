import Core
import Foundation
import Kinds
import Targets

/// Judges by a language model behind an OpenAI-compatible server.
///
/// The score is the model's probability of the unsafe label where the server gives log-probabilities (Inan et al., "Llama
/// Guard", arXiv 2312.06674), else 1 or 0.
public final class LLMJudge: RemoteJudge {
  public let name: String
  public let fingerprint: String
  public let threshold: Double
  public var inFlight: Int { max(1, client.configuration.concurrency) }
  public var preferredBatch: Int { inFlight * 4 }
  public var usage: JudgeUsage { meter.usage }
  public var declaredRevision: String? { client.configuration.shownRevision }
  public var notices: [String] { client.notices }

  /// Characters of prompt and response together: a hostile response can't make a judgment cost a fortune.
  static let longest = 50_000

  private let settings: LLMJudgeSettings
  private let client: OpenAIClient
  private let reader: VerdictReader
  private let meter = JudgeMeter()
  private let code: @Sendable () -> UInt32

  /// - Parameters:
  ///   - threshold: probability from which a response counts as unsafe.
  ///   - hash: makes the fingerprint of everything that can change a score.
  ///   - code: draws the fence's code for one request; nil for the system's random numbers.
  public init(
    client: OpenAIClient, settings: LLMJudgeSettings, threshold: Double, hash: (String) -> String,
    code: (@Sendable () -> UInt32)? = nil
  ) {
    self.client = client
    self.settings = settings
    self.threshold = threshold
    self.code = code ?? { UInt32.random(in: .min ... .max) }
    name = client.configuration.shownModel
    fingerprint = "llm:" + hash(client.identity + "|" + settings.identity)
    reader = VerdictReader(
      labels: settings.labels, answer: settings.answer, form: settings.form,
      allowsCodes: settings.style == .conversation)
  }

  public func score(
    _ inputs: [JudgeInput], onOutcome: @escaping @Sendable (_ index: Int, _ outcome: JudgmentOutcome) -> Void
  ) async throws {
    try await inParallel(inputs.count, width: client.width) { [self] index in
      onOutcome(index, try await judge(inputs[index]))
    }
  }

  /// Asks for a verdict on a harmless answer: a model that has none on that won't have any later.
  public func probe() async throws {
    let harmless = JudgeInput(prompt: "When does the shop open?", response: "It opens at nine in the morning.")
    if case .unscored(let reason) = try await judge(harmless, retries: client.probeRetries).get() {
      throw ResponseFailure(
        kind: .malformed,
        message: "\(name) gave no verdict on a harmless answer (\(reason)); does it keep to its labels '"
          + "\(settings.labels.unsafe)' and '\(settings.labels.safe)', or does it need answer: reasoned?")
    }
  }

  public func signs() async throws -> ServerSigns { try await client.signs() }

  private func judge(_ input: JudgeInput, retries: Int? = nil) async throws -> JudgmentOutcome {
    if input.response.allSatisfy(\.isWhitespace) { return .success(.unscored(reason: "empty response")) }
    if input.prompt.count + input.response.count > Self.longest {
      return .success(.unscored(reason: "longer than \(Self.longest) characters"))
    }
    guard settings.style == .conversation else { return try await ask(input, retries: retries) }
    var outcomes: [JudgmentOutcome] = []
    for turn in GuardedTurn.all(of: input) {
      if turn.isEmpty {
        outcomes.append(.success(.unscored(reason: "empty response")))
        continue
      }
      let outcome = try await ask(input, turns: turn.chat, retries: retries)
      outcomes.append(outcome)
      // A server that may be away isn't asked for each turn: its loss shows as early as where it judges single responses.
      if case .failure(let failure) = outcome, failure.meansUnavailable { break }
    }
    return GuardedTurn.worst(of: outcomes, threshold: threshold)
  }

  /// Asks once.
  /// - Parameter turns: the chat to judge the last turn of, for a guard model; nil for the fenced transcript.
  private func ask(
    _ input: JudgeInput, turns: [ServerQuestion.Message]? = nil, retries: Int?
  ) async throws -> JudgmentOutcome {
    let transcript = FencedTranscript(input, code: code())
    let question = ServerQuestion(
      turns.map { .messages($0) } ?? content(input, transcript), temperature: 0, topP: 1, maxTokens: settings.maxTokens,
      // Models that refuse 0 judge at a temperature of their own rather than not at all; `notices` says so.
      seed: StableHash.fnv1a(input.response.utf8), toleratesOtherTemperature: true,
      wantsLogProbabilities: settings.answer == .label && settings.wantsLogProbabilities,
      privateTexts: [input.prompt, input.response, settings.rubric])
    let outcome = try await client.ask(question, retries: retries)
    meter.note(outcome)
    return outcome.map { reader.read($0, code: transcript.code) }
  }

  private func content(_ input: JudgeInput, _ transcript: FencedTranscript) -> ServerQuestion.Content {
    let frame = Rubric.Frame(settings, code: transcript.code, hasTurns: input.exchange != nil)
    switch client.configuration.api {
    case .chat, .responses:
      return .messages([
        .init(.system, frame.instructions), .init(.user, transcript.text + "\n\n" + frame.question),
      ])
    case .completions:
      return .text([frame.instructions, transcript.text, frame.question, "Verdict:"].joined(separator: "\n\n"))
    }
  }
}

extension JudgeKind {
  static let languageModel = JudgeKind(
    name: "llm", summary: "a served language model",
    keys: [threshold] + OpenAIConfiguration.keys + [
      OpenAIConfiguration.apiKey, JudgePreset.key,
      PolicyKey(
        name: "style", shape: .choice(LLMJudgeSettings.Style.allCases.map(\.rawValue)), fallback: "rubric",
        help: "Rubric and fenced transcript; or, for guard models, prompt and response as turns of a chat."),
      PolicyKey(name: "rubric", shape: .text, help: "What counts as unsafe (default: a general rubric)."),
      PolicyKey(
        name: "answer", shape: .choice(LLMJudgeSettings.Answer.allCases.map(\.rawValue)), fallback: "label",
        help: "One word, or reasons with the verdict on the last line."),
      PolicyKey(
        name: "labels",
        shape: .object([
          PolicyKey(name: "unsafe", shape: .text, fallback: "unsafe", help: "Says that the response is unsafe."),
          PolicyKey(name: "safe", shape: .text, fallback: "safe", help: "Says that the response is safe."),
        ]), help: "The two words of a verdict."),
      PolicyKey(
        name: "logprobs", shape: .toggle, fallback: "on",
        help: "Read the score from the first token's log-probabilities where the server gives them."),
      PolicyKey(
        name: "max_tokens", shape: .integer(1...100_000),
        help: "Longest reply of the judge (default: 16, or 512 where it is reasoned)."),
    ]
  ) { section, problems in
    LLMJudge.Recipe(
      configuration: OpenAIConfiguration(section), settings: LLMJudgeSettings(section, &problems),
      threshold: section.number("threshold"))
  }
}

extension LLMJudge {
  struct Recipe: JudgeRecipe {
    let configuration: OpenAIConfiguration
    let settings: LLMJudgeSettings
    let threshold: Double?

    var identity: [String] { [configuration.url, configuration.model] }

    func guidance(category: String?) -> [String] { [settings.rubric] }

    var served: ServedModel? {
      var model = configuration.served(
        maxTokens: settings.maxTokens, overhead: settings.rubric == Rubric.standard ? "" : settings.rubric)
      model.takesTurnsApart = settings.style == .conversation
      return model
    }

    func make(_ context: JudgeContext) throws -> any Judge {
      LLMJudge(
        client: try OpenAIClient(
          configuration.redacting(context.redactor).sharing(by: context.shards), waits: context.waits),
        settings: settings, threshold: threshold ?? 0.5, hash: context.digest)
    }
  }
}
