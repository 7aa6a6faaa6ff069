import Core
import FakeServer
import Synchronization
import Targets

/// A target on a fake server, with back-off that takes no time worth speaking of unless a test is about it.
func target(
  on server: FakeServer, api: OpenAIAPI = .chat, settings: SamplingSettings = SamplingSettings(),
  environment: [String: String] = [:], retry: RetryPolicy? = nil, clock: RetryClock = .continuous,
  _ adjust: (inout OpenAIConfiguration) -> Void = { _ in }
) throws -> ServedTarget {
  var configuration = OpenAIConfiguration(url: server.url, model: "test-model", api: api)
  adjust(&configuration)
  let policy = retry ?? RetryPolicy(retries: configuration.retries, base: .milliseconds(1))
  return try ServedTarget(
    configuration, settings: settings, environment: environment, retry: policy, clock: clock)
}

/// Requests for `count` different prompts.
func requests(_ count: Int) -> [TargetRequest] {
  (0..<count).map { TargetRequest(prompt: "prompt number \($0)", sampleIndex: 0) }
}

extension Target {
  /// The outcome of one request.
  func ask(_ prompt: String = "prompt", sample: Int = 0) async throws -> ResponseOutcome {
    try await respond(to: [TargetRequest(prompt: prompt, sampleIndex: sample)])[0]
  }
}

extension Result where Failure == ResponseFailure {
  var failure: ResponseFailure? {
    if case .failure(let failure) = self { failure } else { nil }
  }
}

/// Time that passes only by sleeping, at once, and remembers for how long.
final class QuickTime: Sendable {
  private let state = Mutex((now: Duration.zero, pauses: [Duration]()))

  var pauses: [Duration] { state.withLock { $0.pauses } }

  var clock: RetryClock {
    RetryClock(
      now: { [self] in state.withLock { $0.now } },
      sleep: { [self] pause in
        try Task.checkCancellation()
        state.withLock {
          $0.now += pause
          $0.pauses.append(pause)
        }
      })
  }
}
