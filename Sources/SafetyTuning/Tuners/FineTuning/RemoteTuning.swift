import Core
import Foundation
import Targets

/// One job on a fine-tuning service, from the data set to the tuned model's name.
struct RemoteTuning {
  let client: FineTuningClient
  let settings: FineTuningAPITuner.Settings
  let clock: RetryClock
  let job: TuningJob
  let fingerprint: String
  let progress: @Sendable (String) -> Void

  func run() async throws -> String {
    let deadline = settings.timeLimit.map { clock.now() + $0 }
    var record = try await claimedRecord()
    do {
      let started = try await startedJob(&record, deadline: deadline)
      return try await model(of: started, deadline: deadline)
    } catch is CancellationError {
      _ = await stop(record)
      throw CancellationError()
    } catch let failure as TuningFailure where failure.cause == .timedOut {
      let outcome = await stop(record) ? "the service was asked to stop the job" : "the service can't be reached"
      throw TuningFailure(.timedOut, "\(failure.message); \(outcome)")
    }
  }

  // MARK: - What is known

  /// The folder's record where it is of this job, otherwise a new one.
  private func claimedRecord() async throws -> RemoteJobRecord {
    let fresh = RemoteJobRecord(identity: job.identity(fingerprint), server: client.identity)
    guard let known = try RemoteJobRecord.read(folder: job.folder) else { return fresh }
    if known.identity == fresh.identity { return known }
    guard known.server == client.identity else { return fresh }
    do {
      // Of other data or settings: nobody will ask for its model any more. A service refuses to stop what has ended.
      try await askToStop(known)
    } catch let failure as ResponseFailure where !failure.isRefusal {
      throw error(failure)
    } catch is ResponseFailure {}
    return fresh
  }

  private func save(_ record: RemoteJobRecord) throws { try record.write(folder: job.folder) }

  // MARK: - Start

  /// The job of this folder: the one that lives or has succeeded, otherwise a new one.
  private func startedJob(_ record: inout RemoteJobRecord, deadline: Duration?) async throws -> FineTuningJob {
    if let id = record.job {
      if let known = try await look(at: id, deadline: deadline), known.isLive || known.state == .succeeded {
        progress("going on with job \(id)")
        return known
      }
      record = RemoteJobRecord(identity: record.identity, server: record.server)
    } else if record.isOrdered, let file = record.file, let known = try await search(file) {
      return try adopt(known, &record)
    }
    let data = try trainingFile()
    let cost = TuningCost(estimatedFor: data.count, settings: settings)
    if let refusal = cost.refusal(settings) { throw refusal }
    if record.file == nil {
      progress("uploading \(data.count) bytes, about \(cost.description)")
      let upload = try await client.upload(
        data, name: TuningData.fileName, timeout: settings.uploadTimeout, privateTexts: job.privateTexts)
      record.file = try value(of: upload)
      try save(record)
    }
    return try await order(&record, deadline: deadline)
  }

  private func trainingFile() throws -> [UInt8] {
    try BoundedFile.read(
      job.dataFile, what: "the data set", limit: 1 << 30, hint: "Lower tuning.most_attacks or tuning.benign_ratio.")
  }

  /// Starts a job. Where an answer is lost, the service's list is searched before it is asked again.
  private func order(_ record: inout RemoteJobRecord, deadline: Duration?) async throws -> FineTuningJob {
    var order = FineTuningOrder(
      trainingFile: record.file ?? "", suffix: job.variant, seed: job.seed, epochs: settings.epochs)
    order.batch = settings.batch
    order.learningRateMultiplier = settings.learningRateMultiplier
    order.form = settings.form
    record.isOrdered = true
    try save(record)
    var tries = 0
    while true {
      tries += 1
      switch try await answer(to: order) {
      case .success(let created): return try adopt(created, &record)
      case .failure(let failure) where failure.isRefusal:
        record.isOrdered = false
        try save(record)
        throw error(failure)
      case .failure(let failure):
        guard tries <= client.configuration.retries else { throw error(failure) }
        progress("the service didn't start the job, trying again: \(failure.message)")
        try await pause(settings.pollInterval, deadline: deadline)
        // "Too many requests" is an answer: there is no job.
        if failure.kind != .rateLimited, let known = try await search(order.trainingFile) {
          return try adopt(known, &record)
        }
      }
    }
  }

  /// An interruption must not lose the identifier of a job that has just been started, so the request outlives it.
  private func answer(to order: FineTuningOrder) async throws -> Result<FineTuningJob, ResponseFailure> {
    try await Task.detached { [client, texts = job.privateTexts] in
      try await client.create(order, privateTexts: texts)
    }.value
  }

  private func adopt(_ found: FineTuningJob, _ record: inout RemoteJobRecord) throws -> FineTuningJob {
    record.isOrdered = true
    record.job = found.id
    try save(record)
    try Task.checkCancellation()
    progress("job \(found.id) has started")
    return found
  }

  /// The job that learns from `file` and may still give a model.
  private func search(_ file: String) async throws -> FineTuningJob? {
    switch try await client.jobs() {
    case .success(let jobs):
      let own = jobs.filter { $0.trainingFile == file }
      return own.first { $0.state == .succeeded } ?? own.first(where: \.isLive)
    case .failure(let failure) where failure.isFinal: throw error(failure)
    case .failure(let failure):
      throw TuningFailure(
        .unavailable, "a job was asked for, and the service doesn't tell whether it has started: \(failure.message)")
    }
  }

  // MARK: - Wait

  /// Waits for the end of a job.
  /// - Returns: the name under which the model is served.
  private func model(of started: FineTuningJob, deadline: Duration?) async throws -> String {
    var current = started
    var interval = settings.pollInterval
    var said: FineTuningJob.State?
    while case .live(let status) = current.state {
      if said != current.state { progress("job \(current.id): \(status)") }
      said = current.state
      try await pause(interval, deadline: deadline)
      interval = min(interval * 1.5, settings.pollInterval * 6)
      guard let next = try await look(at: current.id, deadline: deadline) else {
        throw TuningFailure(.unavailable, "the service doesn't know its job \(current.id) any more")
      }
      current = next
    }
    return try name(of: current)
  }

  private func name(of ended: FineTuningJob) throws -> String {
    switch ended.state {
    case .succeeded:
      if let tokens = ended.trainedTokens {
        progress("job \(ended.id) has ended: \(TuningCost(tokens: tokens, settings: settings).description)")
      }
      guard let name = ended.model else {
        throw TuningFailure(.noModel, "job \(ended.id) has succeeded, and names no model")
      }
      guard ServedModelName.isUsable(name) else {
        throw TuningFailure(.noModel, "job \(ended.id) has succeeded, and what it names can't be a model's name")
      }
      return name
    case .cancelled: throw TuningFailure(.crashed, "job \(ended.id) was cancelled on the service")
    case .failed, .live:
      let reason = client.reason(of: ended, privateTexts: job.privateTexts)
      throw TuningFailure(.crashed, "job \(ended.id) failed" + (reason.map { ": \($0)" } ?? " without a reason"))
    }
  }

  /// A job as it is now, through outages of the service; nil for one that the service doesn't know.
  private func look(at id: String, deadline: Duration?) async throws -> FineTuningJob? {
    var unknown = 0
    var outageBegan: Duration?
    while true {
      switch try await client.job(id, retries: min(1, client.configuration.retries)) {
      case .success(let found?): return found
      case .success(nil):
        // A job may be missing from a service's other machines just after its start.
        unknown += 1
        if unknown == 3 { return nil }
      case .failure(let failure) where failure.isRefusal:
        throw error(failure)
      case .failure(let failure):
        let began = outageBegan ?? clock.now()
        outageBegan = began
        guard clock.now() - began < settings.outageLimit else { throw error(failure) }
        progress("job \(id) can't be looked at: \(failure.message)")
      }
      try await pause(settings.pollInterval, deadline: deadline)
    }
  }

  /// - Throws: `TuningFailure` (timed out) once `deadline` has passed.
  private func pause(_ length: Duration, deadline: Duration?) async throws {
    let left = deadline.map { $0 - clock.now() } ?? length
    try await clock.sleep(max(.zero, min(length, left)))
    guard let deadline, clock.now() >= deadline, let limit = settings.timeLimit else { return }
    throw TuningFailure(.timedOut, "tuning took longer than \(limit.components.seconds) s")
  }

  // MARK: - Stop

  /// Asks the service to stop whatever the record says may run, for a short while, even where this task was cancelled.
  /// The identifier stays in the folder: a run that goes on looks at it first.
  /// - Returns: whether the service answered.
  private func stop(_ record: RemoteJobRecord) async -> Bool {
    await Task.detached {
      await withTaskGroup(of: Bool.self) { group in
        group.addTask { (try? await askToStop(record)) != nil }
        group.addTask {
          // Real time, whatever clock the job has: somebody waits for the prompt.
          try? await RetryClock.continuous.sleep(settings.cancelTimeout)
          return false
        }
        defer { group.cancelAll() }
        return await group.next() ?? false
      }
    }.value
  }

  private func askToStop(_ record: RemoteJobRecord) async throws {
    if let id = record.job {
      try await client.cancel(id, timeout: settings.cancelTimeout / 2).get()
    } else if record.isOrdered, let file = record.file {
      for job in try await client.jobs().get() where job.trainingFile == file && job.isLive {
        try await client.cancel(job.id, timeout: settings.cancelTimeout / 2).get()
      }
    }
  }

  // MARK: - Errors

  private func value<Value>(of outcome: Result<Value, ResponseFailure>) throws -> Value {
    do { return try outcome.get() } catch let failure { throw error(failure) }
  }

  /// A key that isn't accepted stops every variant; anything else this one.
  private func error(_ failure: ResponseFailure) -> any Error {
    guard failure.kind == .unauthorised else { return TuningFailure(.unavailable, failure.message) }
    let variable = client.configuration.apiKeyVariable
    return SluiceError(
      .unavailable, failure.message,
      remedy: variable.map { "Check that the key in \($0) may upload files and start fine-tuning jobs." }
        ?? "Name the environment variable with the key in 'api_key_env'.")
  }
}
