import Core
import Tensors

/// What an attacker knew before this search, asked again a kind at a time.
///
/// At a new target all that is remembered is stale, and asking every attack again would take a quarter of a gate's budget.
/// So attacks that used to work are grouped by meaning, and one of a kind is asked: where it works, its relatives are taken
/// to work; where it fails, another is tried, since a target that mostly complies sometimes refuses. A kind that fails
/// `tries` times is forgotten; an answer that no judge could score is no try. Last come attacks that used to fail, a few from
/// every quantile of their rewards.
struct Recollection: Sendable, Codable {
  private struct Kind: Packable {
    /// Those asked are taken out.
    var members: [Experience]
    let center: [Float]
    var asked = 0
    var isWaiting = false
    var isSettled = false

    init(members: [Experience], center: [Float]) { (self.members, self.center) = (members, center) }

    func pack(into bytes: inout [UInt8]) {
      members.pack(into: &bytes)
      bytes.append(numbers: center)
      bytes.append(number: Int32(asked))
      bytes.append(numbers: [isWaiting, isSettled].map { $0 ? 1 : 0 } as [UInt8])
    }

    init?(unpacking reader: inout PackedBytes) {
      guard let members = [Experience](unpacking: &reader), let center = reader.numbers(Float(0)),
        let asked = reader.number(Int32(0)), let flags = reader.numbers(UInt8(0)), flags.count == 2
      else { return nil }
      self.init(members: members, center: center)
      (self.asked, isWaiting, isSettled) = (Int(asked), flags[0] == 1, flags[1] == 1)
    }
  }

  @Packed private var kinds: [Kind] = []
  private var kindOfPrompt: [String: Int] = [:]
  @Packed private var failures: [Experience] = []
  /// Questions that may still be asked.
  private var left: Int
  /// Questions about what used to work whose answers were scored, and how many showed that it still does.
  private var scored = 0
  private var stillWork = 0

  /// Questions about one kind.
  static let tries = 3

  /// Share of what used to work that still does, as far as it was asked: 1 before anything was.
  var trust: Float { Float(stillWork + 1) / Float(scored + 1) }

  /// - Parameters:
  ///   - worked: attacks that worked on a former target, with their unit vectors.
  ///   - failed: attacks that didn't, most promising first.
  ///   - similarity: cosine from which two attacks are of one kind.
  ///   - limit: questions in all; those about failures take a third of it at most.
  init(
    worked: [(attack: Experience, vector: [Float])], failed: [Experience], similarity: Float, limit: Int,
    using generator: inout SeededGenerator
  ) {
    left = limit
    for (attack, vector) in worked {
      let near = kinds.firstIndex { dot(min($0.center.count, vector.count), $0.center, vector) >= similarity }
      if let near {
        kinds[near].members.append(attack)
      } else {
        kinds.append(Kind(members: [attack], center: vector))
      }
    }
    kinds.shuffle(using: &generator)
    let count = min(failed.count, limit / 3)
    failures = (0..<count).map { failed[$0 * failed.count / count] }.shuffled(using: &generator)
  }

  /// The next attacks to ask, `count` at most: untried kinds, then kinds that have failed, then old failures.
  /// - Parameter isNew: whether a prompt was not asked yet; others are passed over.
  mutating func next(_ count: Int, isNew: (String) -> Bool) -> [Experience] {
    var chosen: [Experience] = []
    let room = min(count, left)
    if room <= 0 { return [] }
    let order = kinds.indices.filter { !kinds[$0].isSettled && !kinds[$0].isWaiting }.sorted {
      (kinds[$0].asked, $0) < (kinds[$1].asked, $1)
    }
    for index in order where chosen.count < room {
      kinds[index].members.removeAll { !isNew($0.prompt) }
      guard !kinds[index].members.isEmpty else {
        kinds[index].isSettled = true
        continue
      }
      let attack = kinds[index].members.removeFirst()
      kinds[index].asked += 1
      kinds[index].isWaiting = true
      kindOfPrompt[attack.prompt] = index
      chosen.append(attack)
    }
    while chosen.count < room, let failure = failures.popLast() {
      if isNew(failure.prompt) { chosen.append(failure) }
    }
    left -= chosen.count
    return chosen
  }

  /// Takes in what asking one of the attacks showed; nil where nothing could be told.
  /// - Returns: its relatives, where it works for the first time.
  mutating func settle(_ prompt: String, works: Bool?) -> [Experience] {
    guard let index = kindOfPrompt.removeValue(forKey: prompt) else { return [] }
    kinds[index].isWaiting = false
    if works == nil { kinds[index].asked -= 1 } else { scored += 1 }
    if works == true { stillWork += 1 }
    let relatives = kinds[index].members
    if works == true || relatives.isEmpty || kinds[index].asked >= Self.tries {
      kinds[index].isSettled = true
      kinds[index].members = []
      return works == true ? relatives : []
    }
    return []
  }
}
