import Core

extension RunSummary.TransformRow {
  /// What the row is of, for people.
  var name: String { transform ?? Words.asWritten }
}

extension RunSummary.TriesRow {
  /// What the row is of, for people.
  var name: String { Words.tries(tries) }
}
