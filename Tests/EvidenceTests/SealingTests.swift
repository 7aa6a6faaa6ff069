import Core
import Foundation
import GRDB
import Testing

@testable import Evidence

private let act = LedgerAct(who: LedgerActor(user: "ada", host: "h"), reason: "r", subject: "s")

/// A key file of its own beside a ledger's folder.
private func newKey(_ place: borrowing Place, _ name: String = "ledger.key", mode: Int = 0o600) throws
  -> LedgerKeySource
{
  try FileManager.default.createDirectory(atPath: place.folder, withIntermediateDirectories: true)
  let digits = (0..<32).map { _ in
    let byte = UInt8.random(in: 0...255)
    return String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
  }
  let path = place.folder + "/" + name
  try Data((digits.joined() + "\n").utf8).write(to: URL(fileURLWithPath: path))
  try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
  return .file(path)
}

/// Everything that a ledger tells through its interface, as text.
private func contents(_ ledger: Ledger, _ planted: Planted) throws -> [String] {
  var all: [String] = []
  for run in try ledger.runs().reversed() {
    all.append("\(run)")
    if let summary = try ledger.summary(of: run.id) { all.append(try jsonText(summary)) }
    all += try ledger.failures(of: run.id).map { "\($0)" }
    all += try ledger.costs(of: run.id).map { "\($0)" }
    all += try ledger.attacksFound(in: run.id).map(\.text).sorted()
    all += try ledger.attacks(
      of: AnswersOfRun(
        run: run.id, models: [.init(role: "candidate", fingerprint: "t")], judges: ["j"], confirming: ["j"],
        rule: VerdictRule(judge: "j", threshold: 0.5))
    ).map { "\($0)" }
  }
  all += try ledger.prompts(attack: "").sorted { $0.prompt < $1.prompt }.map { "\($0)" }
  all += try ledger.foundAttacks().map { "\($0)" }
  all += try ledger.labelledResponses().map { "\($0)" }
  all += try planted.keys.map { key in "\(try ledger.responses([key])[0].map { "\($0)" } ?? "none")" }
  all += try planted.searches.map { "\(try ledger.search($0).map { "\($0)" } ?? "none")" }
  all.append("\(try ledger.attackerState(attacker: "a", restart: 0) ?? [])")
  return all
}

/// What was put into a ledger.
private struct Planted {
  var keys: [ResponseKey] = []
  var searches: [String] = []
  /// Texts that nobody may find in the files.
  var texts: [String] = []
}

private let settings = SamplingSettings(system: "planted system prompt 0001")

/// Fills every table that holds texts.
private func plant(_ ledger: Ledger, count: Int = 60, from first: Int = 0) throws -> Planted {
  var planted = Planted()
  func text(_ kind: String, _ number: Int) -> String {
    let text = "planted \(kind) \(first + number) for nobody else"
    planted.texts.append(text)
    return text
  }
  let policy = text("policy", 0)
  let run = try ledger.beginRun(
    RunIdentity(
      policyName: "p", policyText: "system: '\(policy)'", seed: 7, overrides: [text("override", 0)], stages: []),
    now: Double(first))
  try ledger.noteTarget(
    run: run, role: "candidate", fingerprint: "t", revision: nil, signs: nil, settings: settings, now: 1)
  for number in 0..<count {
    let key = ResponseKey(target: "t", prompt: text("prompt", number), settings: settings, sampleIndex: 0)
    planted.keys.append(key)
    let isEmpty = number % 10 == 9
    try ledger.store([(key, .success(Response(text: isEmpty ? "" : text("answer", number))))], run: run)
    try ledger.store(
      [
        (
          key, "leak",
          number % 3 == 0 ? .unscored(reason: text("reason", number)) : .scored(0.7, category: "leak")
        )
      ], judge: "j")
    if number % 20 == 0 {
      // A reason that is a word of the ledger's as well.
      try ledger.store([(key, "leak", .unscored(reason: "stop"))], judge: "k")
      try ledger.store(
        [
          (
            ResponseKey(target: "t", prompt: text("lost", number), settings: settings, sampleIndex: 0),
            .failure(ResponseFailure(kind: .serverError, message: text("message", number)))
          )
        ], run: run)
    }
  }
  let search = "search \(first)"
  planted.searches.append(search)
  try ledger.storeSearch(
    search,
    StoredSearch(
      record: Array(text("record", 0).utf8), state: Array(String(repeating: text("state", 0), count: 40).utf8)),
    run: run)
  try ledger.storeAttackerState(Array(text("memory", 0).utf8), attacker: "a", restart: 0, run: run)
  try ledger.addToSuite(
    [
      Attack(
        prompt: text("found", 0), category: "leak", cluster: AttackID(prompt: planted.keys[0].prompt).text,
        provenance: Provenance(method: "mle", run: run))
    ], run: run)
  let candidates = try ledger.labelCandidates(run: run, judges: ["j"])
  let items = try ledger.storeSample(
    candidates.prefix(3).map {
      SampledResponse(
        response: $0.response, category: "leak", locale: nil, cluster: AttackID(prompt: $0.prompt).text, stratum: "s",
        weight: 2)
    }, run: run, judge: "j", population: 5, now: 1)
  _ = try ledger.storeLabels(
    items.map { ReviewedItem(item: $0.item, reviewer: "ada", label: .safe) }, source: "f", now: 1)
  var summary = summary(.pass)
  summary.run = run
  summary.newlyBroken = [
    .init(
      id: AttackID(prompt: planted.keys[0].prompt), category: nil, cluster: nil, candidateUnsafe: 1, candidateScored: 1,
      baselineUnsafe: 0, baselineScored: 1, adjustedP: 0, prompt: planted.keys[0].prompt)
  ]
  try ledger.finishRun(run, summary: summary, now: Double(first) + 5)
  return planted
}

/// Those of `words` that some file beside the ledger holds, also while it is open.
private func found(_ words: [String], _ place: borrowing Place) throws -> [String] {
  let folder = place.path.folderOfPath
  let files = try FileManager.default.contentsOfDirectory(atPath: folder).map {
    try Data(contentsOf: URL(fileURLWithPath: folder + "/" + $0))
  }
  return words.filter { word in files.contains { $0.range(of: Data(word.utf8)) != nil } }
}

@Suite("Sealing")
struct SealingTests {
  @Test(
    "A ledger that is sealed from the beginning keeps no text in its files, and tells all of them to who has the key")
  func sealed() throws {
    let place = Place()
    let key = try newKey(place)
    let planted: Planted
    let before: [String]
    do {
      let ledger = try Ledger(path: place.path, key: key)
      #expect(ledger.isSealed)
      planted = try plant(ledger)
      // The write-ahead log is there still.
      #expect(try found(planted.texts, place) == [])
      before = try contents(ledger, planted)
      // Told in other ways, or to those who compute with them.
      let untold = ["lost", "policy", "record", "state", "memory"]
      let told = planted.texts.filter { text in !untold.contains { text.contains(" \($0) ") } }
      #expect(told.count > 120)
      #expect(told.filter { text in !before.contains { $0.contains(text) } } == [])
      #expect(try ledger.verification().findings == [])
    }
    #expect(planted.texts.count > 120)
    #expect(try found(planted.texts + [settings.system ?? ""], place) == [])
    // Where the key was named once, it is looked for again.
    #expect(try contents(Ledger(path: place.path, readOnly: true), planted) == before)
    #expect(try contents(Ledger(path: place.path, readOnly: true, key: key), planted) == before)
    #expect(try Ledger(path: place.path, readOnly: true).verification().findings == [])
  }

  @Test("The same texts in a plain ledger and a sealed one: the same answers")
  func same() throws {
    let plain = Place()
    let sealed = Place()
    let key = try newKey(sealed)
    let (a, b) = (try Ledger(path: plain.path), try Ledger(path: sealed.path, key: key))
    let planted = try plant(a)
    _ = try plant(b)
    func comparable(_ ledger: Ledger) throws -> [String] {
      let ids = try ledger.runs().map(\.id)
      return try contents(ledger, planted).map { line in
        ids.reduce(line) { $0.replacing($1, with: "run") }.replacing(#/item: "[0-9a-f]+"/#, with: "item")
      }
    }
    #expect(try comparable(a) == comparable(b))
    #expect(try found(planted.texts.filter { !$0.contains("state") }, plain).count > 120)
  }

  @Test("What is stored is found again and not stored twice")
  func reuse() throws {
    let place = Place()
    let key = try newKey(place)
    let ledger = try Ledger(path: place.path, key: key)
    let planted = try plant(ledger)
    let counts = try ledger.contents().counts
    let run = try ledger.beginRun(identity, now: 50)
    #expect(try ledger.responses(planted.keys, reusedBy: run).allSatisfy { $0 != nil })
    let again = try ledger.store(
      planted.keys.map { ($0, .success(Response(text: "another"))) }, run: run)
    #expect(try again == ledger.stored(planted.keys).map { $0?.row })
    try ledger.store(
      [(planted.keys[0], "leak", .unscored(reason: planted.texts.first { $0.contains("reason") } ?? ""))], judge: "new")
    let after = try ledger.contents().counts
    // "another" is interned before its response turns out to be there.
    #expect(after["texts"] == (counts["texts"] ?? 0) + 1 && after["responses"] == counts["responses"])
    let names = try ledger.read {
      try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM main.names WHERE sluiceIsSealed(text)")
    }
    #expect(names == planted.texts.count { $0.contains("reason") } + 1)
  }

  @Test("Nothing that the file holds lets anybody test a guess")
  func guesses() throws {
    let place = Place()
    let key = try newKey(place)
    let planted: Planted
    do { planted = try plant(try Ledger(path: place.path, key: key)) }
    let all = try DatabaseQueue(path: place.path).read { db in
      try ChainedTable.allCases.flatMap { table in
        try Row.fetchAll(db, sql: "SELECT * FROM \(table.name)").flatMap { row in
          row.databaseValues.map { "\($0.storage.value ?? "")" }
        }
      }
    }
    let values = Set(all)
    #expect(values.count > 300)
    for text in planted.texts {
      #expect(!values.contains("\(SHA256.key(text.utf8))") && !values.contains(SHA256.hex(text)))
      #expect(!values.contains(AttackID(prompt: text).text))
    }
    #expect(!values.contains(SHA256.hex(try jsonText(settings))))
    #expect(!values.contains("\(SHA256.key("stop".utf8))"))
  }

  @Test(
    "A ledger is sealed and unsealed as often as one likes: nothing is lost, the chain holds, and the heads of reports stay in it"
  )
  func migration() throws {
    let place = Place()
    let key = try newKey(place)
    let planted: Planted
    let before: [String]
    var heads: [String]
    do {
      let ledger = try Ledger(path: place.path)
      planted = try plant(ledger)
      let second = try plant(ledger, count: 3, from: 5000)
      _ = try ledger.purge(
        .prompts([ledger.prompts(attack: AttackID(prompt: second.keys[0].prompt).text)[0].prompt]), keepsSuite: false,
        eraser: SearchEraser(record: { _, _, _ in .same }, state: { _, _ in .same }), act: act, now: 9)
      before = try contents(ledger, planted)
      heads = [try ledger.headHash()]
    }
    for round in 0..<2 {
      try Ledger.seal(path: place.path, key: key, act: act, now: 10)
      #expect(try found(planted.texts, place) == [], "\(round)")
      do {
        let ledger = try Ledger(path: place.path, readOnly: true)
        #expect(ledger.isSealed)
        #expect(try contents(ledger, planted) == before)
        #expect(try ledger.verification(heads: heads).findings == [])
        heads.append(try ledger.headHash())
      }
      let twice = #expect(throws: SluiceError.self) {
        try Ledger.seal(path: place.path, key: key, act: act, now: 10)
      }
      #expect(twice?.exitCode == .usage && twice?.message.contains("sealed already") == true)
      try Ledger.unseal(path: place.path, key: nil, act: act, now: 11)
      let ledger = try Ledger(path: place.path, readOnly: true)
      #expect(!ledger.isSealed)
      #expect(try contents(ledger, planted) == before, "\(round)")
      #expect(try ledger.verification(heads: heads).findings == [])
      heads.append(try ledger.headHash())
    }
    #expect(throws: SluiceError.self) { try Ledger.unseal(path: place.path, key: key, act: act, now: 12) }
    // A plain ledger's hashes are those of a plain ledger.
    let queue = try DatabaseQueue(path: place.path)
    let hashes = try queue.read { try Row.fetchAll($0, sql: "SELECT hash, text FROM texts WHERE text <> ''") }
    #expect(
      hashes.allSatisfy { ($0["hash"] as Int64) == SHA256.key(($0["text"] as String).utf8) } && hashes.count > 100)
  }

  @Test(
    "Broken off between any two batches, sealing and unsealing go on where they were; until then nothing else opens it")
  func brokenOff() throws {
    for steps in 0..<SealingSteps.sealing.count {
      let place = Place()
      let key = try newKey(place)
      let planted: Planted
      let before: [String]
      do {
        let ledger = try Ledger(path: place.path)
        planted = try plant(ledger, count: 20)
        before = try contents(ledger, planted)
      }
      for isSealing in [true, false] {
        // What a process leaves that is killed after some tables.
        do {
          let ledger = try Ledger(path: place.path, readOnly: false, key: isSealing ? key : nil, migrates: true)
          let event = isSealing ? Ledger.sealEvent : Ledger.unsealEvent
          if isSealing {
            let (state, dataKey) = try SealingState.new(.sealing, by: key)
            try ledger.write { try state.store($0) }
            ledger.functions.sealer = try Sealer(dataKey: dataKey)
          } else {
            var state = try #require(try ledger.read { try SealingState.read($0) })
            state.phase = .unsealing
            try ledger.write { try state.store($0) }
            try ledger.dropGuards()
          }
          try ledger.migrate(
            Array((isSealing ? SealingSteps.sealing : SealingSteps.unsealing).prefix(steps)), event, act, 20)
        }
        let refused = #expect(throws: SluiceError.self) { _ = try Ledger(path: place.path) }
        #expect(refused?.exitCode == .usage && refused?.message.contains("half") == true, "\(steps)")
        #expect(throws: SluiceError.self) { _ = try Ledger(path: place.path, readOnly: true) }
        if isSealing {
          try Ledger.seal(path: place.path, key: nil, act: act, now: 21)
          #expect(try found(planted.texts, place) == [], "\(steps)")
        } else {
          try Ledger.unseal(path: place.path, key: nil, act: act, now: 21)
        }
        let ledger = try Ledger(path: place.path)
        #expect(ledger.isSealed == isSealing)
        #expect(try contents(ledger, planted) == before, "\(steps)")
        #expect(try ledger.verification().findings == [], "\(steps)")
      }
    }
  }

  @Test("Another key, or none, opens nothing and changes nothing: 77 and 64")
  func wrongKeys() throws {
    let place = Place()
    let key = try newKey(place)
    do { _ = try plant(try Ledger(path: place.path, key: key), count: 5) }
    let bytes = try Data(contentsOf: URL(fileURLWithPath: place.path))
    let other = try newKey(place, "other.key")
    let open = try newKey(place, "open.key", mode: 0o644)
    let short = place.folder + "/short.key"
    try Data("abcdef".utf8).write(to: URL(fileURLWithPath: short))
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: short)
    for (source, code) in [
      (other, ExitCode.permission), (open, .permission), (.file(short), .usage),
      (.file(place.folder + "/none"), .usage),
      (.variable("SLUICE_NO_SUCH_KEY"), .usage), (.passphrase("SLUICE_NO_SUCH_KEY"), .usage),
    ] {
      for readOnly in [false, true] {
        let error = #expect(throws: SluiceError.self) {
          _ = try Ledger(path: place.path, readOnly: readOnly, key: source)
        }
        #expect(error?.exitCode == code, "\(source): \(error?.message ?? "")")
      }
      let error = #expect(throws: SluiceError.self) {
        try Ledger.unseal(path: place.path, key: source, act: act, now: 1)
      }
      #expect(error?.exitCode == code)
    }
    #expect(try Data(contentsOf: URL(fileURLWithPath: place.path)) == bytes)
    #expect(try Ledger(path: place.path, readOnly: true).verification().findings == [])
    // What a process left that was killed before anything was in it is sealed as a new one.
    let empty = Place()
    do { _ = try Ledger(path: empty.path) }
    do { #expect(try Ledger(path: empty.path, key: key).isSealed) }
    #expect(try Ledger(path: empty.path, readOnly: true).verification().findings == [])
    // A ledger that isn't sealed doesn't become one by being opened.
    let plain = Place()
    do { _ = try Ledger(path: plain.path).beginRun(identity, now: 1) }
    let error = #expect(throws: SluiceError.self) { _ = try Ledger(path: plain.path, key: key) }
    #expect(error?.exitCode == .usage && error?.remedy?.contains("ledger seal") == true)
  }

  @Test("Another key for a ledger wraps one key anew: the old one is refused, texts stay as they are")
  func rekeyed() throws {
    let place = Place()
    let (key, next) = (try newKey(place), try newKey(place, "next.key"))
    let planted: Planted
    do { planted = try plant(try Ledger(path: place.path, key: key), count: 10) }
    func stored() throws -> [Data] {
      try DatabaseQueue(path: place.path).read {
        try Data.fetchAll($0, sql: "SELECT CAST(text AS BLOB) FROM texts ORDER BY id")
      }
    }
    let before = try stored()
    try Ledger.rekey(path: place.path, old: nil, new: next, act: act, now: 7)
    #expect(try stored() == before)
    let old = #expect(throws: SluiceError.self) { _ = try Ledger(path: place.path, readOnly: true, key: key) }
    #expect(old?.exitCode == .permission)
    let ledger = try Ledger(path: place.path, readOnly: true)
    #expect(try ledger.responses(planted.keys).allSatisfy { $0 != nil })
    #expect(try ledger.verification().findings == [])
    #expect(try ledger.events(limit: 3).contains { $0.kind == "rekeyed" })
  }

  @Test(
    "A sealed text in another row's place, or with a flipped bit, is no text: the ledger is damaged, and verifying finds it"
  )
  func moved() throws {
    let original = Place()
    let key = try newKey(original)
    let planted: Planted
    do { planted = try plant(try Ledger(path: original.path, key: key), count: 8) }
    for sql in [
      "UPDATE texts SET text = (SELECT text FROM texts WHERE id = 3) WHERE id = 1",
      "UPDATE texts SET text = CAST(substr(CAST(text AS BLOB), 1, 50) || x'00' || substr(CAST(text AS BLOB), 52) AS TEXT) WHERE id = 1",
      "UPDATE runs SET summary = policyText",
    ] {
      let place = Place()
      try FileManager.default.createDirectory(atPath: place.folder + "/a", withIntermediateDirectories: true)
      try FileManager.default.copyItem(atPath: original.path, toPath: place.path)
      let queue = try DatabaseQueue(path: place.path)
      try queue.write { db in
        let trigger = try String.fetchOne(db, sql: "SELECT sql FROM sqlite_master WHERE name = 'verdictStays'")
        try db.execute(sql: "DROP TRIGGER verdictStays")
        try db.execute(sql: sql)
        try db.execute(sql: try #require(trigger))
      }
      try queue.close()
      let ledger = try Ledger(path: place.path, readOnly: true)
      let error = #expect(throws: SluiceError.self) { _ = try contents(ledger, planted) }
      #expect(error.map { Ledger.isDamaged($0) } == true, "\(error?.message ?? "")")
      #expect(try !ledger.verification().findings.isEmpty)
    }
  }

  @Test("A prompt whose nonce is damaged is damage, and not another prompt that is to be asked again")
  func damagedNonce() throws {
    let place = Place()
    let key = try newKey(place)
    let planted: Planted
    do { planted = try plant(try Ledger(path: place.path, key: key), count: 3) }
    let queue = try DatabaseQueue(path: place.path)
    try queue.write { db in
      let rows = try Row.fetchAll(db, sql: "SELECT id, CAST(text AS BLOB) AS text FROM texts WHERE text <> ''")
      for row in rows {
        var text: Data = row["text"]
        text[text.startIndex + 12] ^= 1
        try db.execute(
          sql: "UPDATE texts SET text = CAST(? AS TEXT) WHERE id = ?", arguments: [text, row["id"] as Int64])
      }
    }
    try queue.close()
    let ledger = try Ledger(path: place.path)
    let error = #expect(throws: SluiceError.self) { _ = try ledger.responses(planted.keys) }
    #expect(error.map { Ledger.isDamaged($0) } == true, "\(error?.message ?? "")")
  }

  @Test("A sealed ledger that says that it is plain is damaged, and takes no plain text")
  func downgraded() throws {
    let place = Place()
    let key = try newKey(place)
    do { _ = try plant(try Ledger(path: place.path, key: key), count: 3) }
    let queue = try DatabaseQueue(path: place.path)
    try queue.write { try SealingState.storeOpen($0) }
    try queue.close()
    for readOnly in [true, false] {
      let error = #expect(throws: SluiceError.self) { _ = try Ledger(path: place.path, readOnly: readOnly) }
      #expect(error.map { Ledger.isDamaged($0) } == true, "\(error?.message ?? "")")
    }
  }

  @Test("Nothing can be stored in the clear, by whatever statement")
  func guarded() throws {
    let place = Place()
    let key = try newKey(place)
    let ledger = try Ledger(path: place.path, key: key)
    _ = try plant(ledger, count: 3)
    for sql in [
      "INSERT INTO texts (hash, text) VALUES (1, 'clear')", "INSERT INTO main.texts (hash, text) VALUES (1, 'clear')",
      "UPDATE main.texts SET text = 'clear'", "UPDATE main.failures SET message = 'clear'",
      "UPDATE main.suite SET attack = 'clear'", "UPDATE main.artifacts SET bytes = x'01'",
      "UPDATE main.searches SET key = 'clear'", "UPDATE main.sampled SET cluster = 'clear'",
      "UPDATE main.runs SET summary = 'clear'", "UPDATE main.suite SET cluster = 'clear'",
    ] {
      #expect(throws: (any Error).self, "\(sql)") { try ledger.write { try $0.execute(sql: sql) } }
    }
    #expect(try ledger.verification().findings == [])
  }

  @Test("Texts are taken out of a sealed ledger as out of a plain one")
  func purged() throws {
    let place = Place()
    let key = try newKey(place)
    let ledger = try Ledger(path: place.path, key: key)
    let planted = try plant(ledger, count: 10)
    let eraser = SearchEraser(record: { _, _, _ in .same }, state: { _, _ in .same })
    let first = try ledger.prompts(attack: AttackID(prompt: planted.keys[0].prompt).text)
    #expect(
      try ledger.purge(.prompts(first.map(\.prompt)), keepsSuite: false, eraser: eraser, act: act, now: 9).texts == 2)
    #expect(try ledger.prompts(attack: AttackID(prompt: planted.keys[0].prompt).text).isEmpty)
    #expect(try ledger.responses(Array(planted.keys.prefix(2))).map { $0 != nil } == [false, true])
    #expect(try !ledger.needsPurge(.olderThan(-1), keepsSuite: false))
    _ = try ledger.purge(.olderThan(1000), keepsSuite: false, eraser: eraser, act: act, now: 10)
    #expect(try ledger.prompts(attack: "").isEmpty)
    let left = try ledger.read {
      try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM main.texts WHERE length(CAST(text AS BLOB)) > 0")
    }
    #expect(left == 0)
    #expect(try ledger.verification().findings == [])
  }
}
