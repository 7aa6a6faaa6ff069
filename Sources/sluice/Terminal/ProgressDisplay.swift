import Core
import Foundation
import Reports
import Synchronization

/// Shows progress on standard error: one line that renews itself on a terminal, a plain line now and then elsewhere.
final class ProgressDisplay: Sendable {
  enum Style: Sendable {
    /// Standard error is a terminal: one live line.
    case live
    /// A log: at most one line every `plainInterval` seconds, besides the begin and end of stages.
    case plain
    case silent

    /// What suits the process: silent if asked, live on a terminal that isn't a CI runner's.
    static func suitable(quiet: Bool) -> Style {
      if quiet { return .silent }
      // A line that renews itself is no record.
      if StandardError.format == .json { return .plain }
      let environment = ProcessInfo.processInfo.environment
      let plainTerminal = environment["TERM"] == "dumb" || environment["CI"] != nil
      return isatty(STDERR_FILENO) == 1 && !plainTerminal ? .live : .plain
    }
  }

  private static let plainInterval = 10.0
  /// A live line renews at most this often; more only flickers.
  private static let liveInterval = 0.1

  private struct State {
    /// Of the stages that run, several of which may side by side.
    var paces: [String: ProgressPace] = [:]
    var lastShown = -Double.infinity
    var lineIsOpen = false
  }

  private let style: Style
  private let now: @Sendable () -> Double
  private let state = Mutex(State())

  /// - Parameter now: seconds from any fixed moment.
  init(style: Style, now: @escaping @Sendable () -> Double = { ProcessInfo.processInfo.systemUptime }) {
    self.style = style
    self.now = now
  }

  func show(_ event: ProgressEvent) {
    if style == .silent { return }
    state.withLock { state in render(event, &state) }.map(write)
  }

  /// Ends a live line, so that what follows starts on a line of its own.
  func finish() {
    if state.withLock({ closed(&$0) }) { StandardError.write(live: "") }
  }

  /// What one event shows.
  private struct Shown {
    /// Whether a live line has to go first.
    var closesLine = false
    var live: String?
    var line: String?
    var isNote = false
  }

  private func write(_ shown: Shown) {
    if shown.closesLine { StandardError.write(live: "") }
    if let live = shown.live { StandardError.write(live: live) }
    // One event is one line, whatever is in its names.
    if let line = shown.line { if shown.isNote { StandardError.note(line) } else { StandardError.progress(line) } }
  }

  private func render(_ event: ProgressEvent, _ state: inout State) -> Shown? {
    switch event {
    case .stageBegan(let name, let total):
      let began = now()
      state.paces[name] = ProgressPace(began: began)
      state.lastShown = style == .plain ? began : -.infinity
      if style == .live { return nil }
      return Shown(line: "\(name): started" + (total.map { " (\($0) to do)" } ?? ""))
    case .advanced(let stage, let done, let total, let unit, let note, let given):
      let time = now()
      var pace = state.paces[stage] ?? ProgressPace(began: time)
      pace.note(done: done, given: given, at: time)
      state.paces[stage] = pace
      let interval = style == .live ? Self.liveInterval : Self.plainInterval
      if time - state.lastShown < interval { return nil }
      state.lastShown = time
      let line = ProgressLine(
        stage: stage, done: done, total: total, unit: unit, note: note, pace: pace, at: time)
      if style == .plain { return Shown(line: line.text) }
      state.lineIsOpen = true
      return Shown(live: line.cut(to: StandardError.width - 1))
    case .stageEnded(let name, let detail):
      state.paces[name] = nil
      return Shown(closesLine: closed(&state), line: detail.isEmpty ? "\(name): done" : "\(name): \(detail)")
    case .notice(let text):
      return Shown(closesLine: closed(&state), line: text, isNote: true)
    }
  }

  /// - Returns: whether there was a live line.
  private func closed(_ state: inout State) -> Bool {
    defer { state.lineIsOpen = false }
    return state.lineIsOpen
  }
}
