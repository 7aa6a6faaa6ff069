import Core
import Foundation
import Testing

@testable import Evidence

@Suite("Copying shards into one ledger")
struct MergingTests {
  private let head = String(repeating: "a", count: 64)

  /// A shard's ledger with scoped and unscoped responses, judgments, a failure and a search.
  private func shard(_ place: borrowing Place, _ prompts: [String], key sealing: LedgerKeySource? = nil) throws -> (
    ledger: Ledger, run: String
  ) {
    let ledger = try Ledger(path: place.path, key: sealing)
    let run = try ledger.beginRun(identity, now: 1)
    for prompt in prompts {
      let keys = [key(prompt), ResponseKey(target: "s", prompt: prompt, settings: .init(), sampleIndex: 3, scope: run)]
      try ledger.store(keys.map { ($0, .success(Response(text: "to \(prompt)\u{0}é", promptTokens: 2))) }, run: run)
      try ledger.store([(keys[0], "x", .scored(0.25, category: "c"))], judge: "local")
      try ledger.store([(keys[1], nil, .unscored(reason: "quotes \(prompt)"))], judge: "served", scope: run)
    }
    try ledger.store([(key("lost"), .failure(ResponseFailure(kind: .serverError, message: "502")))], run: run)
    try ledger.storeSearch("search \(prompts)", StoredSearch(record: [1, 2], state: [3]), run: run)
    return (ledger, run)
  }

  private func copying(_ shard: String, _ source: String, _ run: String, searches: [String: String] = [:]) throws
    -> ShardCopying
  {
    ShardCopying(shard: try Shard(shard), source: source, run: run, head: head, searches: searches)
  }

  private func scoped(_ prompt: String, _ run: String) -> ResponseKey {
    ResponseKey(target: "s", prompt: prompt, settings: .init(), sampleIndex: 3, scope: run)
  }

  @Test("rows become the run's own, what held for the shard's run alone included, and the chain covers them")
  func rows() throws {
    let a = Place()
    let b = Place()
    let into = Place()
    let shards = [try shard(a, ["one", "two"]), try shard(b, ["three"])]
    let ledger = try Ledger(path: into.path)
    let run = try ledger.beginRun(identity, now: 1)
    for (place, shard) in shards.enumerated() {
      try ledger.copy(
        copying("\(place + 1)/2", shard.run, run, searches: ["search [\"three\"]": "renamed"]), from: shard.ledger,
        now: 2)
    }
    for prompt in ["one", "two", "three"] {
      let keys = [key(prompt), scoped(prompt, run)]
      #expect(
        try ledger.responses(keys, onlyOf: run).map { $0?.text } == Array(repeating: "to \(prompt)\u{0}é", count: 2))
      #expect(try ledger.scores([(keys[0], "x")], judge: "local") == [.scored(0.25, category: "c")])
      #expect(
        try ledger.scores([(keys[1], nil)], judge: "served", scope: run) == [.unscored(reason: "quotes \(prompt)")])
    }
    #expect(try ledger.failures([key("lost"), key("one")], of: run).map { $0?.message } == ["502", nil])
    #expect(try ledger.searches(of: run) == ["renamed", "search [\"one\", \"two\"]"])
    #expect(try ledger.search("renamed") == StoredSearch(record: [1, 2], state: [3]))
    #expect(try ledger.verification().findings.isEmpty)
    // Given again, nothing is copied again.
    let counts = try ledger.contents().counts
    try ledger.copy(copying("1/2", shards[0].run, run), from: shards[0].ledger, now: 3)
    #expect(try ledger.contents().counts == counts)
  }

  @Test("two shards that say different things of one request contradict each other; that they say the same doesn't")
  func contradiction() throws {
    let a = Place()
    let b = Place()
    let c = Place()
    let into = Place()
    let first = try shard(a, ["one"])
    let same = try shard(b, ["one"])
    let other = try Ledger(path: c.path)
    let run = try other.beginRun(identity, now: 1)
    try other.store([(key("one"), .success(Response(text: "something else")))], run: run)
    let ledger = try Ledger(path: into.path)
    let merged = try ledger.beginRun(identity, now: 1)
    try ledger.copy(copying("1/3", first.run, merged), from: first.ledger, now: 2)
    try ledger.copy(copying("2/3", same.run, merged), from: same.ledger, now: 2)
    let error = #expect(throws: SluiceError.self) {
      try ledger.copy(copying("3/3", run, merged), from: other, now: 2)
    }
    #expect(error?.exitCode == .unavailable && error?.message.contains("shard 3/3 contradicts") == true)
    #expect(try ledger.responses([key("one")]).map { $0?.text } == ["to one\u{0}é"])
  }

  @Test("a copy that was broken off goes on behind the last page that was committed")
  func resumed() async throws {
    let a = Place()
    let into = Place()
    let (source, run) = try shard(a, [])
    try source.store(
      (0..<9_000).map { (key("p", $0), .success(Response(text: "answer \($0 % 7)"))) }, run: run)
    let ledger = try Ledger(path: into.path)
    let merged = try ledger.beginRun(identity, now: 1)
    let copying = try copying("1/1", run, merged)
    let broken = Task {
      try ledger.copy(copying, from: source, now: 2) { _ in withUnsafeCurrentTask { $0?.cancel() } }
    }
    await #expect(throws: CancellationError.self) { try await broken.value }
    let before = try #require(try ledger.contents().counts["responses"])
    #expect(before > 0 && before < 9_000)
    var copied: [Int] = []
    try ledger.copy(copying, from: source, now: 2) { copied.append($0) }
    #expect(copied.reduce(0, +) == 9_000 - before)
    #expect(try ledger.contents().counts["responses"] == 9_000)
  }

  @Test("what a sealed shard holds is sealed by the new ledger's own key")
  func sealed() throws {
    let a = Place()
    let into = Place()
    let file = a.folder + "/key"
    try FileManager.default.createDirectory(atPath: a.folder, withIntermediateDirectories: true)
    try Data(String(repeating: "a7", count: 32).utf8).write(to: URL(fileURLWithPath: file))
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
    let (source, run) = try shard(a, ["a text that nobody else may read"], key: .file(file))
    let ledger = try Ledger(path: into.path, key: .file(file))
    let merged = try ledger.beginRun(identity, now: 1)
    try ledger.copy(copying("1/1", run, merged), from: source, now: 2)
    #expect(
      try ledger.responses([scoped("a text that nobody else may read", merged)], onlyOf: merged)[0]?.text
        == "to a text that nobody else may read\u{0}é")
    #expect(try ledger.verification().findings.isEmpty)
    ledger.consolidate()
    #expect(try Data(contentsOf: URL(fileURLWithPath: into.path)).range(of: Data("nobody else may".utf8)) == nil)
  }

  @Test("what a shard says of itself is in the chain, and its notices are kept")
  func manifest() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    #expect(try ledger.shardRecord() == nil)
    let run = try ledger.beginRun(identity, now: 1)
    let manifest = ShardManifest(
      run: run, shard: try Shard("2/7"), policy: "p.yaml", digest: "d", seed: .max, isSeedGiven: true, stages: nil,
      deal: "x", units: 4)
    try ledger.begin(manifest, now: 2)
    #expect(try ledger.shardRecord() == ShardRecord(manifest: manifest, end: nil, notices: []))
    try ledger.finish(ShardEnd(run: run, units: 4, proofs: ["us-"]), notices: ["One.", "Two."], now: 3)
    let record = try #require(try Ledger(path: place.path, readOnly: true).shardRecord())
    #expect(record.manifest == manifest && record.end?.proofs == ["us-"] && record.notices == ["One.", "Two."])
    #expect(try ledger.verification().findings.isEmpty)
  }
}
