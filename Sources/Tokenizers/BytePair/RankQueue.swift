/// A binary heap of merges to do, lowest rank first, leftmost among equals.
struct RankQueue {
  /// Rank in the upper half, position in the lower: one comparison orders both.
  struct Entry {
    fileprivate let key: UInt64

    @inline(__always)
    init(rank: UInt32, position: Int) { key = UInt64(rank) << 32 | UInt64(UInt32(truncatingIfNeeded: position)) }

    @inline(__always)
    var rank: UInt32 { UInt32(truncatingIfNeeded: key >> 32) }

    @inline(__always)
    var position: Int { Int(UInt32(truncatingIfNeeded: key)) }
  }

  private var heap: [UInt64] = []

  mutating func removeAll() { heap.removeAll(keepingCapacity: true) }

  mutating func insert(_ entry: Entry) {
    heap.append(entry.key)
    var child = heap.count - 1
    while child > 0, case let parent = (child - 1) / 2, heap[child] < heap[parent] {
      heap.swapAt(child, parent)
      child = parent
    }
  }

  mutating func removeFirst() -> Entry? {
    guard let first = heap.first else { return nil }
    let last = heap.removeLast()
    if !heap.isEmpty {
      heap[0] = last
      var parent = 0
      while true {
        var child = 2 * parent + 1
        guard child < heap.count else { break }
        if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
        guard heap[child] < heap[parent] else { break }
        heap.swapAt(child, parent)
        parent = child
      }
    }
    return Entry(key: first)
  }
}

extension RankQueue.Entry {
  fileprivate init(key: UInt64) { self.key = key }
}
