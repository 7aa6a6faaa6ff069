/// Tokens by bytes and by id.
///
/// A table of its own, for three reasons: keys compare by bytes (Swift's strings compare by canonical equivalence, and
/// vocabularies hold both forms of `é`), lookups take a stretch of a buffer without copying it, and a prefix hash finds
/// the longest match in one pass.
struct Vocabulary: Sendable {
  /// One more than the largest id: the rows that an embedding table needs.
  private(set) var size = 0
  /// Tokens.
  private(set) var count = 0
  /// Bytes of the longest token.
  private(set) var longest = 0

  /// All tokens' bytes, one after the other; entry e is `bytes[starts[e]..<starts[e + 1]]`.
  private var bytes: [UInt8] = []
  private var starts: [Int] = [0]
  private var ids: [Int32] = []
  /// Entry of an id, −1 for an id that no token has.
  private var entries: [Int32] = []
  /// Open addressing, linear probing: entry + 1, 0 for empty; a power of two, at most half full.
  private var slots: [Int32] = [Int32](repeating: 0, count: 16)
  /// Differs in every process, so that a hostile vocabulary can't be built of collisions; no result depends on it.
  private let seed = UInt64.random(in: 1...UInt64.max)

  /// Ids above this would need tables larger than any vocabulary that exists.
  static let maximumID = 1 << 22

  /// FNV-1a, extended byte by byte.
  struct Hash {
    fileprivate var value: UInt64

    @inline(__always)
    mutating func combine(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
  }

  var hash: Hash { Hash(value: seed) }

  /// Adds a token.
  /// - Returns: false where the token or the id is taken, or the id is out of range; nothing is added then.
  mutating func insert(_ token: some Collection<UInt8>, id: Int) -> Bool {
    guard id >= 0, id <= Vocabulary.maximumID, !contains(id: id), self.id(of: token) == nil else { return false }
    if 2 * (count + 1) > slots.count { grow() }
    bytes += token
    starts.append(bytes.count)
    ids.append(Int32(id))
    if id >= entries.count { entries += [Int32](repeating: -1, count: id + 1 - entries.count) }
    entries[id] = Int32(count)
    place(entry: count)
    count += 1
    size = max(size, id + 1)
    longest = max(longest, token.count)
    return true
  }

  func contains(id: Int) -> Bool { entries.indices.contains(id) && entries[id] >= 0 }

  func id(of token: some Collection<UInt8>) -> Int? {
    var hash = hash
    for byte in token { hash.combine(byte) }
    let found = find(hash) { entry in bytes[starts[entry]..<starts[entry + 1]].elementsEqual(token) }
    return found.map { Int(ids[$0]) }
  }

  /// The token `prefix + text[range]`; the caller has combined exactly these bytes into `hash`.
  @inline(__always)
  func id(hash: Hash, prefix: [UInt8], text: [UInt8], range: Range<Int>) -> Int? {
    let found = find(hash) { entry in
      let start = starts[entry]
      guard starts[entry + 1] - start == prefix.count + range.count else { return false }
      for offset in prefix.indices where bytes[start + offset] != prefix[offset] { return false }
      let body = start + prefix.count - range.lowerBound
      for index in range where bytes[body + index] != text[index] { return false }
      return true
    }
    return found.map { Int(ids[$0]) }
  }

  /// The token that two tokens' bytes make together, nil where there is none, or where an id has no token.
  @inline(__always)
  func id(joining left: Int, _ right: Int) -> Int? {
    guard contains(id: left), contains(id: right) else { return nil }
    let (first, second) = (Int(entries[left]), Int(entries[right]))
    let parts = (starts[first]..<starts[first + 1], starts[second]..<starts[second + 1])
    let count = parts.0.count + parts.1.count
    if count > longest { return nil }
    var hash = hash
    for index in parts.0 { hash.combine(bytes[index]) }
    for index in parts.1 { hash.combine(bytes[index]) }
    let found = find(hash) { entry in
      let start = starts[entry]
      guard starts[entry + 1] - start == count else { return false }
      for (offset, index) in parts.0.enumerated() where bytes[start + offset] != bytes[index] { return false }
      let body = start + parts.0.count
      for (offset, index) in parts.1.enumerated() where bytes[body + offset] != bytes[index] { return false }
      return true
    }
    return found.map { Int(ids[$0]) }
  }

  /// The bytes of a token, nil for an id that no token has.
  func token(_ id: Int) -> ArraySlice<UInt8>? {
    guard contains(id: id) else { return nil }
    let entry = Int(entries[id])
    return bytes[starts[entry]..<starts[entry + 1]]
  }

  @inline(__always)
  private func find(_ hash: Hash, _ isMatch: (Int) -> Bool) -> Int? {
    let mask = slots.count - 1
    var slot = Vocabulary.mix(hash.value) & mask
    while slots[slot] != 0 {
      let entry = Int(slots[slot]) - 1
      if isMatch(entry) { return entry }
      slot = (slot + 1) & mask
    }
    return nil
  }

  private mutating func place(entry: Int) {
    var hash = hash
    for byte in bytes[starts[entry]..<starts[entry + 1]] { hash.combine(byte) }
    let mask = slots.count - 1
    var slot = Vocabulary.mix(hash.value) & mask
    while slots[slot] != 0 { slot = (slot + 1) & mask }
    slots[slot] = Int32(entry + 1)
  }

  private mutating func grow() {
    slots = [Int32](repeating: 0, count: slots.count * 2)
    for entry in 0..<count { place(entry: entry) }
  }

  /// FNV leaves the low bits weak; a multiplication brings the high ones down.
  @inline(__always)
  private static func mix(_ value: UInt64) -> Int { Int(truncatingIfNeeded: (value &* 0x9e37_79b9_7f4a_7c15) >> 32) }
}
