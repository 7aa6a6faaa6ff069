import Core
import Foundation
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
      let environment = ProcessInfo.processInfo.environment
      let plainTerminal = environment["TERM"] == "dumb" || environment["CI"] != nil
      return isatty(STDERR_FILENO) == 1 && !plainTerminal ? .live : .plain
    }
  }

  private static let plainInterval = 10.0
  /// A live line renews at most this often; more only flickers.
  private static let liveInterval = 0.1

  private struct State {
    var stage = ""
    var began = 0.0
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
  }

  private func write(_ shown: Shown) {
    if shown.closesLine { StandardError.write(live: "") }
    if let live = shown.live { StandardError.write(live: live) }
    // One event is one line, whatever is in its names.
    if let line = shown.line { StandardError.write("sluice: \(VisibleText.line(line))\n") }
  }

  private func render(_ event: ProgressEvent, _ state: inout State) -> Shown? {
    switch event {
    case .stageBegan(let name, let total):
      state.stage = name
      state.began = now()
      state.lastShown = style == .plain ? state.began : -.infinity
      if style == .live { return nil }
      return Shown(line: "\(name): started" + (total.map { " (\($0) to do)" } ?? ""))
    case .advanced(let stage, let done, let total, let unit, let note):
      let time = now()
      let interval = style == .live ? Self.liveInterval : Self.plainInterval
      if time - state.lastShown < interval { return nil }
      state.lastShown = time
      let line = ProgressLine(
        stage: stage, done: done, total: total, unit: unit, note: note, seconds: time - state.began
      ).text
      if style == .plain { return Shown(line: line) }
      state.lineIsOpen = true
      return Shown(live: String(line.prefix(118)))
    case .stageEnded(let name, let detail):
      return Shown(closesLine: closed(&state), line: "\(name): \(detail)")
    case .notice(let text):
      return Shown(closesLine: closed(&state), line: "note: \(text)")
    }
  }

  /// - Returns: whether there was a live line.
  private func closed(_ state: inout State) -> Bool {
    defer { state.lineIsOpen = false }
    return state.lineIsOpen
  }
}

/// Stage, done of total, rate and time left in one line.
struct ProgressLine {
  let stage: String
  let done: Int
  let total: Int?
  let unit: String
  let note: String
  /// Since the stage began.
  let seconds: Double
  /// Seconds, and items done, before a rate says how long the rest takes.
  private static let warmUp = 5.0
  private static let steadyCount = 50

  var text: String {
    var parts = ["\(stage):"]
    if let total, total > 0 {
      parts.append("\(done)/\(total) \(unit) (\(Int((100 * Double(done) / Double(total)).rounded(.down)))%)")
    } else {
      parts.append("\(done) \(unit)")
    }
    if seconds > 0.5, done > 0 {
      let rate = Double(done) / seconds
      parts.append(rate >= 10 ? "\(Int(rate))/s" : "\((rate * 10).rounded() / 10)/s")
      // The first answers wait for connections and warm caches: what they promise is far too long.
      let isSteady = seconds >= Self.warmUp && (done >= Self.steadyCount || 20 * done >= total ?? .max)
      if let total, total > done, isSteady { parts.append("\(Self.duration(Double(total - done) / rate)) left") }
    }
    if !note.isEmpty { parts.append(note) }
    return parts.joined(separator: "  ")
  }

  /// `45 s`, `3 min 20 s`, `2 h 5 min`.
  static func duration(_ seconds: Double) -> String {
    let whole = Int(seconds.rounded(.up))
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
    return "\(whole / 3600) h \(whole % 3600 / 60) min"
  }
}
