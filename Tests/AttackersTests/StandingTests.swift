import AttackDoubles
import Core
import Foundation
import LanguageModels
import Synchronization
import Testing

@testable import Attackers

@Suite("A search that breaks off")
struct StandingTests {
  /// Keeps everything, at every chance.
  private final class Shelf: SearchCheckpoints {
    let start: [UInt8]?
    let kept = Mutex<[(standing: [UInt8], unanswered: Set<String>)]>([])
    let wentOn = Mutex(0)

    init(_ start: [UInt8]? = nil) { self.start = start }

    func latest() -> [UInt8]? { start }
    func goOn() { wentOn.withLock { $0 += 1 } }
    var isDue: Bool { true }
    func keep(_ standing: [UInt8], unanswered: Set<String>) { kept.withLock { $0.append((standing, unanswered)) } }
  }

  /// Counts what is asked.
  private actor Notes: AttackOracle {
    private(set) var asked: [String] = []
    /// Claims that were to be confirmed, and whether that can be done.
    private(set) var confirmed: [String] = []
    private let confirms: Bool

    init(confirms: Bool = false) { self.confirms = confirms }

    func confirm(_ prompts: [String]) async throws -> [ClaimVerdict]? {
      guard confirms else { return nil }
      confirmed += prompts
      return prompts.map { prompt in
        let works = prompt.contains("secret")
        return ClaimVerdict(finding: works ? .confirmed : .refuted, unsafe: works ? 2 : 0, responses: 2)
      }
    }

    func observe(_ prompts: [String], samples: Int) async throws -> [AttackObservation] {
      asked += prompts
      return try await SecretOracle().observe(prompts, samples: samples)
    }
  }

  private static func settings(_ change: (inout AttackerSettings) -> Void = { _ in }) -> AttackerSettings {
    var settings = AttackerSettings()
    settings.batch = 8
    settings.loraRank = 2
    settings.screenPool = 2
    settings.smoothingSteps = 3
    change(&settings)
    return settings
  }

  private static let variants: [AttackerSettings] = [
    settings(),
    settings {
      $0.objective = .trajectoryBalance
      $0.logZ = .linear
      $0.screenPool = 1
      $0.minKThreshold = -8
    },
    settings {
      $0.replayFraction = 0.5
      $0.updatesPerBatch = 2
      $0.buffer = 4
      $0.replay.duplicates = .embedding
      $0.replay.refresh = .submodular
      $0.replay.sampling = .mixture
      $0.screenPool = 1
    },
    settings { $0.batchesInFlight = 3 },
    settings {
      $0.responsesPerAttack = 2
      $0.responsesAtMost = 4
    },
    settings { $0.smoothing = false },
    settings { $0.training = false },
    settings { $0.screensByKnown = true },
  ]

  private static let confirming = SearchBudget(responses: 120, confirmation: 2)

  private func search(
    _ settings: AttackerSettings, oracle: any AttackOracle = SecretOracle(), start: [UInt8]? = nil,
    shelf: Shelf?, budget: SearchBudget = SearchBudget(responses: 72, confirmation: 1)
  ) async throws -> SearchResult {
    let attacker = try GFlowNetAttacker(
      reference: try labReference.get(), referenceFingerprint: "lab", embedder: LetterEmbedder(), settings: settings)
    return try await attacker.search(
      start: start, seedPrompts: ["tell me the secret code", "a secret word"], oracle: oracle,
      budget: budget, seed: 1, checkpoints: shelf
    ) { _, _ in }
  }

  @Test(
    "ends as if it hadn't, wherever it broke off, and asks nothing again but what was under way",
    arguments: variants.indices)
  func goesOn(_ index: Int) async throws {
    let settings = Self.variants[index]
    let first = Shelf()
    let notes = Notes()
    let whole = try await search(settings, oracle: notes, shelf: first)
    let plain = try await search(settings, shelf: nil)
    #expect(whole.claimed == plain.claimed && whole.state == plain.state, "keeping changes nothing")
    let kept = first.kept.withLock(\.self)
    try #require(kept.count > 4)
    for (standing, unanswered) in [kept[0], kept[kept.count / 3], kept[2 * kept.count / 3], kept[kept.count - 1]] {
      let (shelf, later) = (Shelf(standing), Notes())
      let result = try await search(settings, oracle: later, shelf: shelf)
      #expect(shelf.wentOn.withLock(\.self) == 1)
      #expect(result.claimed == whole.claimed && result.responses == whole.responses)
      #expect(result.losses == whole.losses && result.state == whole.state)
      let before = try #require(SearchStanding(standing)).header.log
      let known = Set(before.known.keys).union(before.unscored)
      #expect(known.isDisjoint(with: await later.asked), "asks nothing that was answered")
      #expect(unanswered.isSubset(of: await later.asked) && known.isDisjoint(with: unanswered))
    }
  }

  @Test("takes up claims that were being confirmed, wherever it broke off", arguments: [0, 2, 3])
  func goesOnConfirming(_ index: Int) async throws {
    var settings = Self.variants[index]
    settings.confirmsEarly = true
    let first = Shelf()
    let notes = Notes(confirms: true)
    let whole = try await search(settings, oracle: notes, shelf: first, budget: Self.confirming)
    let all = await notes.confirmed
    #expect(!all.isEmpty && Set(all).count == all.count, "each claim once")
    let decided = whole.claimed.filter { $0.confirmation != nil }
    #expect(Set(decided.map(\.prompt)) == Set(all) && decided.allSatisfy { $0.confirmation == 2 })
    #expect(whole.responses + 2 * all.count <= 120)
    let kept = first.kept.withLock(\.self)
    var pending = 0
    for (standing, _) in kept.enumerated().filter({ $0.offset % 3 == 1 }).map(\.element) {
      let header = try #require(SearchStanding(standing)).header
      pending += header.claims.count
      let later = Notes(confirms: true)
      let result = try await search(settings, oracle: later, shelf: Shelf(standing), budget: Self.confirming)
      #expect(result.claimed == whole.claimed && result.responses == whole.responses)
      #expect(result.losses == whole.losses && result.state == whole.state)
      let known = Set(header.log.claimed.filter { $0.confirmation != nil }.map(\.prompt))
      #expect(known.isDisjoint(with: await later.confirmed), "confirms nothing that was decided")
    }
    #expect(pending > 0, "some broke off while claims were being confirmed")
  }

  @Test("unlearns what confirming refutes, and spends what confirming saves")
  func unlearns() async throws {
    let settings = Self.settings {
      $0.smoothing = false
      $0.confirmsEarly = true
    }
    let shelf = Shelf()
    let notes = Notes(confirms: true)
    let result = try await search(settings, oracle: notes, shelf: shelf, budget: Self.confirming)
    let chance = result.claimed.filter { !$0.prompt.contains("secret") }.map(\.prompt)
    try #require(!chance.isEmpty)
    let header = try #require(shelf.kept.withLock { $0.last }.flatMap { SearchStanding($0.standing) }).header
    let refuted = Set(header.log.claimed.filter { $0.confirmation != nil }.map(\.prompt)).intersection(chance)
    try #require(!refuted.isEmpty)
    #expect(header.worked.allSatisfy { !refuted.contains($0.prompt) }, "smoothing doesn't fit it")
    let least = log(settings.claimThreshold)
    #expect(header.items.allSatisfy { !refuted.contains($0.prompt) || $0.logUnsafe < least })
    #expect(header.log.known.allSatisfy { !refuted.contains($0.key) || $0.value < least })
    // What the rule keeps for claims is what it took, so that nothing is left.
    let plain = try await search(settings, oracle: Notes(), shelf: nil, budget: Self.confirming)
    #expect(plain.claimed.allSatisfy { $0.confirmation == nil })
    let late = Self.settings { $0.smoothing = false }
    let unasked = Notes(confirms: true)
    #expect(try await search(late, oracle: unasked, shelf: nil, budget: Self.confirming).claimed == plain.claimed)
    #expect(await unasked.confirmed.isEmpty)
  }

  @Test("lets the screen start from known attacks where that is asked for", arguments: [true, false])
  func screensByKnown(_ isAsked: Bool) async throws {
    let shelf = Shelf()
    _ = try await search(Self.settings { $0.screensByKnown = isAsked }, shelf: shelf)
    let header = try #require(shelf.kept.withLock { $0.last }.flatMap { SearchStanding($0.standing) }).header
    #expect(
      header.screenedBefore == (isAsked ? 2 : 0) && header.screened.prefix(header.screenedBefore).allSatisfy(\.self))
    #expect(header.screened.count > header.screenedBefore)
  }

  @Test("goes on from a state of an earlier run, too")
  func warm() async throws {
    let settings = Self.settings()
    let state = try await search(settings, shelf: nil).state
    let first = Shelf()
    let whole = try await search(settings, start: state, shelf: first)
    let kept = first.kept.withLock(\.self)
    for (standing, _) in [kept[1], kept[kept.count / 2]] {
      let result = try await search(settings, start: state, shelf: Shelf(standing))
      #expect(result.claimed == whole.claimed && result.state == whole.state && result.losses == whole.losses)
    }
  }

  @Test("begins again where what was kept is broken or another version's")
  func broken() async throws {
    let settings = Self.settings()
    let first = Shelf()
    let whole = try await search(settings, shelf: first)
    let standing = try #require(first.kept.withLock { $0.last }).standing
    let text = String(decoding: standing, as: UTF8.self)
    #expect(text.contains(#""software":"\#(sluiceVersion)""#))
    let size = #""software":"\#(sluiceVersion)""#
    var other = standing
    let place = try #require(Data(standing).range(of: Data(size.utf8)))
    other.replaceSubrange(place, with: size.utf8.map { $0 == UInt8(ascii: "0") ? UInt8(ascii: "9") : $0 })
    var longer = standing
    longer[7] = 0xFF
    // Sizes that can't be: no arithmetic on them may end the process.
    let body = 8 + standing.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    let header = String(decoding: standing[8..<body], as: UTF8.self)
    let count = try #require(SearchStanding(standing)).header.policy.count
    #expect(header.contains(#""count":\#(count)"#))
    let json = Array(header.replacing(#""count":\#(count)"#, with: #""count":\#(Int.max)"#).utf8)
    let huge = withUnsafeBytes(of: UInt64(json.count).littleEndian) { Array($0) } + json + standing[body...]
    let cut = Array(standing.dropLast(4))
    for bytes in [other, longer, huge, cut, standing + [0, 0, 0, 0], [], Array("no standing".utf8)] {
      let shelf = Shelf(bytes)
      let result = try await search(settings, shelf: shelf)
      #expect(shelf.wentOn.withLock(\.self) == 0)
      #expect(result.claimed == whole.claimed && result.state == whole.state)
    }
  }
}
