import GRDB
import Synchronization

/// What runs take from earlier ones while they go on. A run that is killed takes the same again when it is resumed, so it is
/// enough to store it at the end.
final class ReuseLog: Sendable {
  private struct Reused: Sendable {
    var responses: Set<Int64> = []
    /// The record's hash by the search's key.
    var searches: [String: String] = [:]
  }

  private let runs = Mutex<[String: Reused]>([:])

  func note(_ responses: some Sequence<Int64>, by run: String) {
    runs.withLock { $0[run, default: Reused()].responses.formUnion(responses) }
  }

  func note(search key: String, artifact: String, by run: String) {
    runs.withLock { $0[run, default: Reused()].searches[key] = artifact }
  }

  /// Stores what a run has taken: responses as ranges of neighbours.
  func store(_ run: String, _ db: Database) throws {
    guard let reused = runs.withLock({ $0[run] }) else { return }
    for range in Self.ranges(reused.responses) {
      try db.cachedStatement(sql: "INSERT INTO reuses (run, firstResponse, lastResponse) VALUES (?, ?, ?)")
        .execute(arguments: [run, range.lowerBound, range.upperBound])
    }
    for (key, artifact) in reused.searches.sorted(by: { $0.key < $1.key }) {
      try db.execute(
        sql: """
          INSERT INTO main.reusedSearches (key, run, artifact)
          VALUES (\(SealedRows.seal(ExactText.bound, .reusedSearches, "key")), ?, ?)
          """,
        arguments: [exact(key), run, artifact])
    }
  }

  static func ranges(_ numbers: Set<Int64>) -> [ClosedRange<Int64>] {
    numbers.sorted().reduce(into: []) { ranges, number in
      if let last = ranges.last, last.upperBound + 1 == number {
        ranges[ranges.count - 1] = last.lowerBound...number
      } else {
        ranges.append(number...number)
      }
    }
  }
}
