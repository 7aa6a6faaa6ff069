import Core

extension RunSummary.TransformRow {
  /// What the row is of, for people.
  var name: String { transform ?? "as written" }
}

extension RunSummary.TriesRow {
  /// What the row is of, for people.
  var name: String { tries == 1 ? "1 try" : "within \(Numbers.count(tries)) tries" }
}
