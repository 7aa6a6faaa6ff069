import Decisions
import Kinds

extension Metric {
  /// For messages: `0 to 1`, `1 or more`.
  var rangeDescription: String {
    let low = Quantities.written(range.lowerBound)
    return range.upperBound >= Metric.many ? "\(low) or more" : "\(low) to \(Quantities.written(range.upperBound))"
  }
}
