import Core
import FakeServer
import SafetyTuning
import Synchronization
import Targets

/// Files and fine-tuning jobs as an OpenAI-compatible service keeps them, with a way to misbehave.
final class FakeFineTuningService: Sendable {
  enum Call: Hashable { case upload, create, list, look, cancel, unknown }

  struct Job {
    let file: String
    let body: JSON
    var status: String
  }

  private struct State {
    var calls: [Call: Int] = [:]
    var files: [[UInt8]] = []
    var jobs: [Job] = []
  }

  /// What a succeeded job says beside its status.
  private let result: String
  /// The statuses of each job, one at a look; the last stays.
  private let statuses: [String]
  /// An answer instead of the usual one; the usual effect takes place before it.
  private let instead: @Sendable (Call, _ nth: Int) -> FakeReply?
  /// Calls without effect: as if the request had never arrived, but for `instead`'s answer.
  private let ineffective: Set<Call>
  private let state = Mutex(State())

  init(
    statuses: [String] = ["queued", "running", "succeeded"],
    result: String = #""fine_tuned_model":"ft:base:org:safe:1","trained_tokens":1000000"#,
    ineffective: Set<Call> = [], instead: @escaping @Sendable (Call, _ nth: Int) -> FakeReply? = { _, _ in nil }
  ) {
    self.statuses = statuses
    self.result = result
    self.ineffective = ineffective
    self.instead = instead
  }

  var files: [[UInt8]] { state.withLock { $0.files } }
  /// A copy of its own, as with `FakeServer.requests`.
  var jobs: [Job] { state.withLock { $0.jobs.map(\.self) } }
  func count(_ call: Call) -> Int { state.withLock { $0.calls[call] ?? 0 } }

  /// Makes the service forget or end jobs behind the client's back.
  func change(_ edit: (inout [Job]) -> Void) { state.withLock { edit(&$0.jobs) } }

  var answer: FakeServer.Answer {
    { [self] request, _ in
      let call = Self.call(request)
      let nth = state.withLock { state -> Int in
        state.calls[call, default: 0] += 1
        return state.calls[call, default: 0]
      }
      let other = instead(call, nth)
      if other != nil, ineffective.contains(call) { return other ?? .hangUp }
      let reply = state.withLock { state in usual(call, request, &state) }
      return other ?? reply
    }
  }

  private static func call(_ request: FakeRequest) -> Call {
    switch (request.method, request.path) {
    case ("POST", "/v1/files"): .upload
    case ("POST", "/v1/fine_tuning/jobs"): .create
    case ("GET", "/v1/fine_tuning/jobs"): .list
    case ("POST", let path) where path.hasSuffix("/cancel"): .cancel
    case ("GET", let path) where path.hasPrefix("/v1/fine_tuning/jobs/"): .look
    default: .unknown
    }
  }

  private func usual(_ call: Call, _ request: FakeRequest, _ state: inout State) -> FakeReply {
    switch call {
    case .upload:
      state.files.append(request.body)
      return .json(#"{"id":"file-\#(state.files.count)","object":"file","status":"processed"}"#)
    case .create:
      guard let body = try? JSON(parsing: request.body), let file = body["training_file"]?.string else {
        return .error(400, "no training file")
      }
      state.jobs.append(Job(file: file, body: body, status: "validating_files"))
      return .json(description(state.jobs.count - 1, state))
    case .list:
      let jobs = state.jobs.indices.reversed().map { description($0, state) }
      return .json("{\"object\":\"list\",\"data\":[\(jobs.joined(separator: ","))],\"has_more\":false}")
    case .look, .cancel:
      let parts = request.path.split(separator: "/")
      let name = parts[call == .cancel ? parts.count - 2 : parts.count - 1]
      guard let number = Int(name.dropFirst("ftjob-".count)), state.jobs.indices.contains(number - 1) else {
        return .error(404, "no such job")
      }
      advance(&state.jobs[number - 1], cancels: call == .cancel)
      return .json(description(number - 1, state))
    case .unknown: return .error(405, "no such call")
    }
  }

  private func advance(_ job: inout Job, cancels: Bool) {
    if ["succeeded", "failed", "cancelled"].contains(job.status) { return }
    let next = (statuses.firstIndex(of: job.status) ?? -1) + 1
    job.status = cancels ? "cancelled" : statuses[min(next, statuses.count - 1)]
  }

  private func description(_ index: Int, _ state: State) -> String {
    let job = state.jobs[index]
    let head =
      #"{"id":"ftjob-\#(index + 1)","object":"fine_tuning.job","status":"\#(job.status)","#
      + #""training_file":"\#(job.file)""#
    return head + (["succeeded", "failed"].contains(job.status) ? ",\(result)}" : #","fine_tuned_model":null}"#)
  }
}

/// A tuner that is patient for milliseconds.
func tuner(
  on server: FakeServer, key: String? = nil, _ adjust: (inout FineTuningAPITuner.Settings) -> Void = { _ in }
) throws -> FineTuningAPITuner {
  var configuration = OpenAIConfiguration(url: server.url, model: "base", timeout: .seconds(1), retries: 3)
  if key != nil { configuration.apiKeyVariable = "THE_KEY" }
  var settings = FineTuningAPITuner.Settings()
  settings.pollInterval = .milliseconds(5)
  adjust(&settings)
  return try FineTuningAPITuner(
    configuration, settings: settings, environment: key.map { ["THE_KEY": $0] } ?? [:],
    retry: RetryPolicy(retries: 3, base: .milliseconds(1), longestRequestedPause: .milliseconds(1)))
}
