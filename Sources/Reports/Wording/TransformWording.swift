import Core

extension RunSummary.TransformRow {
  /// What the row is of, for people.
  var name: String { transform ?? "as written" }
}
