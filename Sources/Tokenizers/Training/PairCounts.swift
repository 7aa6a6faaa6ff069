/// How often each pair of neighbours is in the corpus, kept up to date while pairs are merged.
struct PairCounts {
  private struct Pair: Hashable {
    let left: Int32
    let right: Int32
  }

  private struct Candidate {
    let count: Int
    let pair: Pair

    /// More frequent first, then lower ids.
    func precedes(_ other: Candidate) -> Bool {
      count != other.count
        ? count > other.count : (pair.left, pair.right) < (other.pair.left, other.pair.right)
    }
  }

  private var words: [[Int32]]
  private let wordCounts: [Int]
  private var counts: [Pair: Int] = [:]
  /// Words that had a pair at some time.
  private var places: [Pair: Set<Int>] = [:]
  /// A binary heap. Counts inside may be out of date, always too high: a pair whose count grows is inserted anew.
  private var heap: [Candidate] = []

  init(words: [(ids: [Int32], count: Int)]) {
    self.words = words.map(\.ids)
    wordCounts = words.map(\.count)
    for (number, word) in words.enumerated() {
      for (left, right) in zip(word.ids, word.ids.dropFirst()) {
        let pair = Pair(left: left, right: right)
        counts[pair, default: 0] += word.count
        places[pair, default: []].insert(number)
      }
    }
    for (pair, count) in counts { insert(Candidate(count: count, pair: pair)) }
  }

  /// The most frequent pair; it is taken out, so the caller must merge it.
  mutating func mostFrequent() -> (left: Int32, right: Int32, count: Int)? {
    while let candidate = removeFirst() {
      let count = counts[candidate.pair] ?? 0
      if count <= 0 { continue }
      guard count == candidate.count else {
        insert(Candidate(count: count, pair: candidate.pair))
        continue
      }
      return (candidate.pair.left, candidate.pair.right, count)
    }
    return nil
  }

  /// Replaces the pair by `id` in every word.
  mutating func merge(_ left: Int32, _ right: Int32, into id: Int32) {
    let merged = Pair(left: left, right: right)
    var grown: Set<Pair> = []
    for number in places.removeValue(forKey: merged) ?? [] {
      let old = words[number]
      let new = PairCounts.replace(merged.left, merged.right, by: id, in: old)
      if new.count == old.count { continue }
      let weight = wordCounts[number]
      for (left, right) in zip(old, old.dropFirst()) { counts[Pair(left: left, right: right), default: 0] -= weight }
      for (left, right) in zip(new, new.dropFirst()) {
        let pair = Pair(left: left, right: right)
        counts[pair, default: 0] += weight
        if left == id || right == id {
          places[pair, default: []].insert(number)
          grown.insert(pair)
        }
      }
      words[number] = new
    }
    // Pairs of old tokens only can have lost, but not gained.
    for pair in grown { insert(Candidate(count: counts[pair] ?? 0, pair: pair)) }
    counts[merged] = nil
  }

  private static func replace(_ left: Int32, _ right: Int32, by id: Int32, in word: [Int32]) -> [Int32] {
    var result: [Int32] = []
    result.reserveCapacity(word.count)
    var index = 0
    while index < word.count {
      if word[index] == left, index + 1 < word.count, word[index + 1] == right {
        result.append(id)
        index += 2
      } else {
        result.append(word[index])
        index += 1
      }
    }
    return result
  }

  private mutating func insert(_ candidate: Candidate) {
    heap.append(candidate)
    var child = heap.count - 1
    while child > 0, case let parent = (child - 1) / 2, heap[child].precedes(heap[parent]) {
      heap.swapAt(child, parent)
      child = parent
    }
  }

  private mutating func removeFirst() -> Candidate? {
    guard let first = heap.first else { return nil }
    let last = heap.removeLast()
    if heap.isEmpty { return first }
    heap[0] = last
    var parent = 0
    while true {
      var child = 2 * parent + 1
      guard child < heap.count else { return first }
      if child + 1 < heap.count, heap[child + 1].precedes(heap[child]) { child += 1 }
      guard heap[child].precedes(heap[parent]) else { return first }
      heap.swapAt(child, parent)
      parent = child
    }
  }
}
