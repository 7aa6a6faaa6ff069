/// How fast work is, from work that was done: not from what was there already, nor from a time in which nothing came.
///
/// Times are seconds from any fixed moment.
public struct ProgressPace: Hashable, Sendable {
  /// Where measuring began, or began anew.
  private var startTime: Double
  private var startWorked = 0
  /// The latest sign of life, and how many there were since the start.
  private var latest: Double
  private var arrivals = 0
  /// Units of work so far.
  private var worked = 0

  /// Seconds, and units done, before a rate says how long the rest takes: the first answers wait for connections and warm caches.
  private static let warmUp = 5.0
  private static let steadyCount = 50
  /// Seconds without an arrival after which the rate before says nothing, as after a pause that a server asked for; longer where
  /// arrivals are further apart.
  private static let longestGap = 30.0
  private static let longestGaps = 10.0
  /// Arrivals that tell how far apart they are.
  private static let knownArrivals = 5

  /// - Parameter began: when the work began.
  public init(began: Double) {
    startTime = began
    latest = began
  }

  /// Notes how much is done.
  /// - Parameters:
  ///   - given: units of `done` that took no work.
  ///   - time: now.
  public mutating func note(done: Int, given: Int, at time: Double) {
    let worked = done - given
    defer { latest = time }
    guard worked > self.worked else {
      // Nothing was worked on yet: the clock starts with the first thing that is.
      if self.worked == 0 { startTime = time }
      return
    }
    if arrivals >= Self.knownArrivals {
      let usual = (latest - startTime) / Double(arrivals)
      if time - latest > max(Self.longestGap, Self.longestGaps * usual) {
        (startTime, startWorked, arrivals) = (time, worked, 0)
      }
    }
    arrivals += 1
    self.worked = worked
  }

  /// Units in a second; nil where nobody knows yet.
  public func rate(at time: Double) -> Double? {
    let (seconds, count) = (time - startTime, worked - startWorked)
    return seconds > 0.5 && count > 0 ? Double(count) / seconds : nil
  }

  /// Seconds that the rest takes at this rate; nil where nothing is left, or too little was done to say.
  /// - Parameter rest: units that are left.
  public func secondsLeft(_ rest: Int, at time: Double) -> Double? {
    let count = worked - startWorked
    guard rest > 0, time - startTime >= Self.warmUp, let rate = rate(at: time) else { return nil }
    return count >= Self.steadyCount || 20 * count >= count + rest ? Double(rest) / rate : nil
  }
}
