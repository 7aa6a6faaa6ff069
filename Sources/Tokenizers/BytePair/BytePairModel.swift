/// Byte-pair encoding of one word: start from its bytes, or from its characters, and merge, always the pair of lowest rank, the leftmost among
/// equals (Sennrich et al. 2016).
struct BytePairModel: Sendable {
  let merges: Merges
  /// Where merging starts from characters (SentencePiece): the vocabulary that they are looked up in. A character that
  /// it lacks is spelt in the tokens of its bytes.
  var characters: Vocabulary?
  /// Token of each byte, −1 for a byte that the vocabulary lacks.
  let byteIDs: [Int32]
  /// Stands for bytes that the vocabulary lacks; without one they vanish, as in the reference implementation.
  let unknownID: Int32?
  /// Neighbouring unknown bytes become one token.
  let fusesUnknown: Bool
  /// Whole words that are tokens are taken before any merge (Llama 3).
  let wholeWords: Vocabulary?

  /// Buffers that are reused from word to word.
  struct Scratch {
    fileprivate var ids: [Int32] = []
    fileprivate var ranks: [UInt32] = []
    fileprivate var next: [Int32] = []
    fileprivate var previous: [Int32] = []
    fileprivate var queue = RankQueue()

    init() {}
  }

  /// Up to this many bytes the pairs are scanned for each merge; the queue pays only beyond.
  static let scanLimit = 32
  private static let none = UInt32.max

  /// Appends the ids of `text[range]` to `output`.
  func encode(_ text: [UInt8], _ range: Range<Int>, scratch: inout Scratch, into output: inout [Int]) {
    if let wholeWords {
      var hash = wholeWords.hash
      for index in range { hash.combine(text[index]) }
      if let id = wholeWords.id(hash: hash, prefix: [], text: text, range: range) {
        output.append(id)
        return
      }
    }
    scratch.ids.removeAll(keepingCapacity: true)
    if let characters {
      appendCharacters(text, range, characters, to: &scratch.ids)
    } else {
      var followsUnknown = false
      for index in range { append(byteIDs[Int(text[index])], to: &scratch.ids, &followsUnknown) }
    }
    if scratch.ids.count <= BytePairModel.scanLimit { mergeByScan(&scratch) } else { mergeByQueue(&scratch) }
    for id in scratch.ids { output.append(Int(id)) }
  }

  /// Appends a token, or the unknown one for −1.
  @inline(__always)
  private func append(_ id: Int32, to ids: inout [Int32], _ followsUnknown: inout Bool) {
    if id >= 0 {
      ids.append(id)
      followsUnknown = false
    } else if let unknownID {
      if !(followsUnknown && fusesUnknown) { ids.append(unknownID) }
      followsUnknown = true
    }
  }

  private func appendCharacters(
    _ text: [UInt8], _ range: Range<Int>, _ vocabulary: Vocabulary, to ids: inout [Int32]
  ) {
    var followsUnknown = false
    var start = range.lowerBound
    while start < range.upperBound {
      let end = min(text.scalar(at: start).end, range.upperBound)
      var hash = vocabulary.hash
      for index in start..<end { hash.combine(text[index]) }
      if let id = vocabulary.id(hash: hash, prefix: [], text: text, range: start..<end) {
        append(Int32(id), to: &ids, &followsUnknown)
      } else if text[start..<end].allSatisfy({ byteIDs[Int($0)] >= 0 }) {
        for index in start..<end { append(byteIDs[Int(text[index])], to: &ids, &followsUnknown) }
      } else {
        append(-1, to: &ids, &followsUnknown)
      }
      start = end
    }
  }

  /// Scans all pairs for every merge: quadratic, and the fastest for a word of ordinary length. Also the reference that
  /// tests hold the queue against.
  func mergeByScan(_ scratch: inout Scratch) {
    let count = scratch.ids.count
    guard count > 1 else { return }
    scratch.ranks.removeAll(keepingCapacity: true)
    for index in 1..<count { scratch.ranks.append(rank(scratch.ids[index - 1], scratch.ids[index])) }
    while let (position, rank) = lowest(scratch.ranks), rank != BytePairModel.none,
      let merge = merges[scratch.ids[position], scratch.ids[position + 1]]
    {
      scratch.ids[position] = merge.id
      scratch.ids.remove(at: position + 1)
      scratch.ranks.remove(at: position)
      if position > 0 { scratch.ranks[position - 1] = self.rank(scratch.ids[position - 1], merge.id) }
      if position < scratch.ranks.count { scratch.ranks[position] = self.rank(merge.id, scratch.ids[position + 1]) }
    }
  }

  /// A queue over a linked list: n log n, for words as long as an attacker likes.
  func mergeByQueue(_ scratch: inout Scratch) {
    let count = scratch.ids.count
    guard count > 1 else { return }
    scratch.next = (1...count).map { $0 < count ? Int32($0) : -1 }
    scratch.previous = (0..<count).map { Int32($0) - 1 }
    scratch.queue.removeAll()
    for index in 1..<count {
      if let merge = merges[scratch.ids[index - 1], scratch.ids[index]] {
        scratch.queue.insert(RankQueue.Entry(rank: merge.rank, position: index - 1))
      }
    }
    while let entry = scratch.queue.removeFirst() {
      let left = entry.position
      // Entries aren't withdrawn when a neighbour changes: one that no longer fits its place is stale.
      guard scratch.ids[left] >= 0, scratch.next[left] >= 0 else { continue }
      let right = Int(scratch.next[left])
      guard let merge = merges[scratch.ids[left], scratch.ids[right]], merge.rank == entry.rank else { continue }
      scratch.ids[left] = merge.id
      scratch.ids[right] = -1
      let after = Int(scratch.next[right])
      scratch.next[left] = Int32(after)
      if after >= 0 {
        scratch.previous[after] = Int32(left)
        if let merge = merges[merge.id, scratch.ids[after]] {
          scratch.queue.insert(RankQueue.Entry(rank: merge.rank, position: left))
        }
      }
      let before = Int(scratch.previous[left])
      if before >= 0, let merge = merges[scratch.ids[before], merge.id] {
        scratch.queue.insert(RankQueue.Entry(rank: merge.rank, position: before))
      }
    }
    scratch.ids.removeAll { $0 < 0 }
  }

  @inline(__always)
  private func rank(_ left: Int32, _ right: Int32) -> UInt32 { merges[left, right]?.rank ?? BytePairModel.none }

  @inline(__always)
  private func lowest(_ ranks: [UInt32]) -> (position: Int, rank: UInt32)? {
    guard var best = ranks.first else { return nil }
    var position = 0
    for index in 1..<ranks.count where ranks[index] < best {
      best = ranks[index]
      position = index
    }
    return (position, best)
  }
}

extension BytePairModel.Scratch {
  /// For tests of the two merging algorithms: the ids as they stand.
  var tokens: [Int32] {
    get { ids }
    set { ids = newValue }
  }
}
