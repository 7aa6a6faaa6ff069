import Core
import Logging
import Synchronization

/// Notes in a log when stages begin and end, from what they tell of their progress.
final class StageLog: Sendable {
  private struct Life {
    let began: Duration
    var done = 0
    var given = 0
  }

  private let log: Logger
  private let now: @Sendable () -> Duration
  private let lives = Mutex<[String: Life]>([:])

  /// - Parameter now: time since any fixed moment.
  init(_ log: Logger = .run, now: @escaping @Sendable () -> Duration) {
    self.log = log
    self.now = now
  }

  /// A sink that notes what it passes on; the sink itself where nothing would be written.
  static func listening(_ sink: @escaping ProgressSink) -> ProgressSink {
    guard Logger.run.writes(.info) else { return sink }
    let start = ContinuousClock.now
    let log = StageLog { ContinuousClock.now - start }
    return { event in
      log.note(event)
      sink(event)
    }
  }

  func note(_ event: ProgressEvent) {
    switch event {
    case .stageBegan(let name, let total):
      lives.withLock { $0[name] = Life(began: now()) }
      var metadata: Logger.Metadata = ["stage": "\(name)"]
      if let total { metadata["total"] = total.logged }
      log.info("stage began", metadata: metadata)
    case .advanced(let stage, let done, _, _, _, let given):
      lives.withLock { lives in
        // Models answer side by side, so the last to tell isn't the one that tells of most.
        guard var life = lives[stage], done >= life.done else { return }
        (life.done, life.given) = (done, given)
        lives[stage] = life
      }
    case .stageEnded(let name, let detail):
      var metadata: Logger.Metadata = ["stage": "\(name)", "detail": "\(detail)"]
      if let life = lives.withLock({ $0.removeValue(forKey: name) }) {
        metadata["seconds"] = (now() - life.began).logged
        metadata["done"] = life.done.logged
        metadata["from_ledger"] = life.given.logged
      }
      log.info("stage ended", metadata: metadata)
    case .notice: break
    }
  }
}
