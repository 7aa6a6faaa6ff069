/// What a pair of tokens merges to, and how early.
struct Merge: Hashable, Sendable {
  /// Position in the list of merges; lower goes first.
  let rank: UInt32
  let id: Int32
}

/// Merges by pair: open addressing, because this lookup is nearly all of byte-pair encoding's time.
struct MergeTable: Sendable {
  private(set) var count = 0
  /// (left, right), `empty` where nothing is; a power of two, at most half full.
  private var keys = [UInt64](repeating: MergeTable.empty, count: 16)
  private var merges = [Merge](repeating: Merge(rank: 0, id: 0), count: 16)
  /// Random and odd: multiplicative hashing that no vocabulary can be crafted against; no result depends on it.
  private let multiplier = UInt64.random(in: 1...UInt64.max) | 1

  /// Ids are never negative, so no pair has this key.
  private static let empty = UInt64.max

  init(capacity: Int = 0) {
    var slots = 16
    while slots < 2 * capacity { slots *= 2 }
    keys = [UInt64](repeating: MergeTable.empty, count: slots)
    merges = [Merge](repeating: Merge(rank: 0, id: 0), count: slots)
  }

  @inline(__always)
  private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  @inline(__always)
  private func slot(of key: UInt64) -> Int {
    let mask = keys.count - 1
    var slot = Int(truncatingIfNeeded: (key &* multiplier) >> 32) & mask
    while keys[slot] != key, keys[slot] != MergeTable.empty { slot = (slot + 1) & mask }
    return slot
  }

  subscript(left: Int32, right: Int32) -> Merge? {
    @inline(__always)
    get {
      let key = MergeTable.key(left, right)
      let slot = slot(of: key)
      return keys[slot] == key ? merges[slot] : nil
    }
  }

  /// Sets a pair's merge; the last one counts where a pair is listed twice.
  mutating func set(_ left: Int32, _ right: Int32, _ merge: Merge) {
    if 2 * (count + 1) > keys.count { grow() }
    let key = MergeTable.key(left, right)
    let slot = slot(of: key)
    if keys[slot] == MergeTable.empty { count += 1 }
    keys[slot] = key
    merges[slot] = merge
  }

  private mutating func grow() {
    let old = (keys, merges)
    keys = [UInt64](repeating: MergeTable.empty, count: old.0.count * 2)
    merges = [Merge](repeating: Merge(rank: 0, id: 0), count: old.0.count * 2)
    for (key, merge) in zip(old.0, old.1) where key != MergeTable.empty {
      let slot = slot(of: key)
      keys[slot] = key
      merges[slot] = merge
    }
  }
}

/// What pairs of tokens merge to.
enum Merges: Sendable {
  case listed(MergeTable)
  /// Two tokens merge where the vocabulary has what they spell together, by the rank of that token; `never` for one that no merge
  /// makes. Nothing more than the vocabulary is kept: a table of all cuts of 262,144 tokens takes 32 MB.
  case spelled(Vocabulary, ranks: [UInt32])

  static let never = UInt32.max

  subscript(left: Int32, right: Int32) -> Merge? {
    @inline(__always)
    get {
      switch self {
      case .listed(let table): return table[left, right]
      case .spelled(let vocabulary, let ranks):
        guard let id = vocabulary.id(joining: Int(left), Int(right)), ranks[id] != Self.never else { return nil }
        return Merge(rank: ranks[id], id: Int32(id))
      }
    }
  }
}
