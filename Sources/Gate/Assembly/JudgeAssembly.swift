import Core
import Evidence
import Judges
import Policies
import Targets

/// Makes the judges that a policy names.
struct JudgeAssembly {
  let checkpoints: CheckpointShelf
  let workers: Int
  let waits: WaitSink
  /// Takes the policy's secrets out of what servers say.
  let redactor: Redactor

  /// - Throws: `SluiceError` (usage) for a file that is missing or malformed, a URL that can't be used, or a key that
  ///   isn't there.
  func judge(_ policy: JudgePolicy) throws -> any Judge {
    switch policy {
    case .classifier(let checkpoint, let threshold):
      try ClassifierJudge(
        folder: checkpoint, fingerprint: try checkpoints.fingerprint(checkpoint), threshold: threshold,
        workers: workers)
    case .rules(let file): try RulesJudge(path: file, fingerprint: try SHA256.hex(file: file))
    case .languageModel(let judge):
      LLMJudge(
        client: try OpenAIClient(OpenAIConfiguration(judge.server, api: judge.api, redactor: redactor), waits: waits),
        settings: LLMJudgeSettings(judge),
        threshold: judge.threshold, hash: { SHA256.hex($0) })
    case .moderation(let judge):
      ModerationJudge(
        client: try ModerationClient(OpenAIConfiguration(judge.server, redactor: redactor), waits: waits),
        categories: judge.categories,
        threshold: judge.threshold, hash: { SHA256.hex($0) })
    case .ensemble(let ensemble):
      EnsembleJudge(
        members: try ensemble.members.map(judge), rule: .init(ensemble.rule), threshold: ensemble.threshold,
        hash: { SHA256.hex($0) })
    case .routed(let routing):
      RoutedJudge(
        routes: try routing.routes.map {
          RoutedJudge.Route(locales: $0.locales, categories: $0.categories, judge: try judge($0.judge))
        }, fallback: try routing.otherwise.map(judge), hash: { SHA256.hex($0) })
    }
  }
}

extension LLMJudgeSettings {
  init(_ policy: LLMJudgePolicy) {
    self.init(
      style: policy.style == .conversation ? .conversation : .rubric,
      answer: policy.answer == .reasoned ? .reasoned : .label,
      labels: Labels(unsafe: policy.unsafeLabel, safe: policy.safeLabel),
      wantsLogProbabilities: policy.readsProbabilities, maxTokens: policy.maxTokens)
    if let rubric = policy.rubric { self.rubric = rubric }
  }
}

extension EnsembleJudge.Rule {
  fileprivate init(_ rule: EnsemblePolicy.Rule) {
    self =
      switch rule {
      case .majority: .majority
      case .mean: .mean
      case .maximum: .maximum
      }
  }
}

extension OpenAIConfiguration {
  init(_ server: ServerPolicy, api: OpenAIProtocol = .chat, redactor: Redactor) {
    self.init(
      url: server.url, model: server.model, revision: server.revision, api: api == .chat ? .chat : .completions,
      apiKeyVariable: server.apiKeyEnvironment, concurrency: server.concurrency,
      requestsPerMinute: server.requestsPerMinute.map { Double($0) }, timeout: .seconds(server.timeout),
      retries: server.retries, maxResponseBytes: Self.bodyBytes(text: server.maxResponseBytes))
    self.redactor = redactor
  }

  /// Bytes of a body that are read: JSON takes up to six for one of the text, and there is more in it than the text.
  private static func bodyBytes(text: Int) -> Int { max(8_000_000, 8 * min(text, 64 << 20)) }
}
