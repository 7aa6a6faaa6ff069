/// Stage, done of total, rate and time left in one line.
public struct ProgressLine: Hashable, Sendable {
  /// The line.
  public let text: String

  /// - Parameters:
  ///   - total: nil where nobody knows.
  ///   - unit: what is counted, as "responses".
  ///   - note: what else goes on; empty for nothing.
  ///   - pace: what was noted of the stage until now.
  ///   - time: now, on the pace's clock.
  public init(stage: String, done: Int, total: Int?, unit: String, note: String, pace: ProgressPace, at time: Double) {
    var parts = ["\(stage):"]
    if let total, total > 0 {
      parts.append("\(done)/\(total) \(unit) (\(Int((100 * Double(done) / Double(total)).rounded(.down)))%)")
    } else if done > 0 || note.isEmpty {
      parts.append("\(done) \(unit)")
    }
    // What is done needs no speed: a rate that falls while a judge is waited for says nothing.
    if total.map({ done < $0 }) ?? true, let rate = pace.rate(at: time) {
      parts.append(Self.rate(rate))
      if let total, let seconds = pace.secondsLeft(total - done, at: time) {
        parts.append("\(Self.duration(seconds)) left")
      }
    }
    if !note.isEmpty { parts.append(note) }
    text = parts.joined(separator: "  ")
  }

  /// The line, or what fits of it in so many columns.
  public func cut(to columns: Int) -> String { TerminalText.cut(text, to: columns) }

  /// `120/s`, `2.5/s`, `3/min`, `2/h`: never a number that rounds to nothing.
  static func rate(_ perSecond: Double) -> String {
    if perSecond >= 10 { return "\(Int(min(perSecond, 1e12)))/s" }
    if perSecond >= 0.1 { return "\((perSecond * 10).rounded() / 10)/s" }
    if perSecond * 60 >= 0.95 { return "\(Int((perSecond * 60).rounded()))/min" }
    return "\(max(1, Int((perSecond * 3600).rounded())))/h"
  }

  /// `45 s`, `3 min 20 s`, `2 h 5 min`, `4 d 3 h`.
  static func duration(_ seconds: Double) -> String {
    let whole = max(1, Int(min(seconds, 1e12).rounded(.up)))
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
    if whole < 48 * 3600 { return "\(whole / 3600) h \(whole % 3600 / 60) min" }
    if whole < 100 * 86_400 { return "\(whole / 86_400) d \(whole % 86_400 / 3600) h" }
    return "more than 100 d"
  }
}
