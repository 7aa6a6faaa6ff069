import Core
import Yams

/// Where a value is in the policy: keys from the root, list items by number.
typealias KeyPath = [String]

/// Collects what is wrong, with its place.
struct Diagnostics {
  let file: String
  /// Paths that `--set` replaced: errors below them are at the command line, not in the file.
  var overridden: [KeyPath] = []
  private(set) var errors: [SluiceError] = []

  init(file: String) { self.file = file }

  mutating func add(_ message: String, at node: Node?, _ path: KeyPath, remedy: String?) {
    errors.append(SluiceError(.usage, message, at: location(node, path), remedy: remedy))
  }

  mutating func add(_ error: SluiceError) { errors.append(error) }

  private func location(_ node: Node?, _ path: KeyPath) -> SourceLocation {
    if let override = overridden.first(where: { path.starts(with: $0) }) {
      return SourceLocation(file: "--set \(override.joined(separator: "."))")
    }
    return SourceLocation(file: file, line: node?.mark?.line, column: node?.mark?.column)
  }
}

/// The nearest of `names` to a misspelt one, if any is near.
func nearest(_ word: String, in names: [String]) -> String? {
  let scored = names.map { ($0, distance(word, $0)) }
  guard let best = scored.min(by: { $0.1 != $1.1 ? $0.1 < $1.1 : $0.0 < $1.0 }) else { return nil }
  return best.1 <= max(2, word.count / 3) ? best.0 : nil
}

/// Levenshtein distance on characters.
private func distance(_ a: String, _ b: String) -> Int {
  let (a, b) = (Array(a), Array(b))
  var row = Array(0...b.count)
  for (i, x) in a.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, y) in b.enumerated() {
      let substituted = diagonal + (x == y ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(substituted, min(row[j], diagonal) + 1)
    }
  }
  return row[b.count]
}
