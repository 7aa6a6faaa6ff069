/// Outcomes that have become known, for whom they are counted.
struct Arrival: Hashable, Sendable {
  var count: Int
  /// Whether they were there already, so that nothing was asked.
  var isStored: Bool
  /// What else goes on, in a few words; empty for nothing.
  var note = ""
}
