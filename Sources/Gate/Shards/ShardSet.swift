import Core
import Evidence
import Kinds

/// The ledgers that are given as the shards of one run, held against each other.
struct ShardSet: Sendable {
  struct Member: Sendable {
    let shard: Shard
    let ledger: Ledger
    let record: ShardRecord
    let run: RunRecord
    let head: String
  }

  /// In the order of shards, each once.
  let members: [Member]

  /// What all of them say.
  var manifest: ShardManifest { members[0].record.manifest }
  var run: RunRecord { members[0].run }

  /// Opens the ledgers, and holds what they say of themselves against each other.
  /// - Throws: `SluiceError`: unavailable (69) naming every shard that is missing, unfinished, foreign, given twice or damaged;
  ///   permission (77) for another key.
  init(_ paths: [String]) throws {
    var problems: [String] = []
    var candidates: [Member] = []
    for path in paths {
      switch try Self.open(path) {
      case .success(let member): candidates.append(member)
      case .failure(let problem): problems.append(problem.text)
      }
    }
    let (own, foreign) = Self.sorted(candidates)
    problems += foreign
    for (shard, given) in Dictionary(grouping: own, by: \.shard).sorted(by: { $0.key.index < $1.key.index })
    where given.count > 1 {
      problems.append("shard \(shard) is given twice: \(given.map(\.ledger.path).joined(separator: " and "))")
    }
    for member in own where member.record.end == nil {
      problems.append("shard \(member.shard) isn't done (\(member.ledger.path))")
    }
    let count = own.first?.shard.count ?? 0
    let missing = Shard.all(count).filter { shard in !own.contains { $0.shard == shard } }
    if count > 0, !missing.isEmpty {
      problems.append(
        "\(missing.count == 1 ? "shard" : "shards") \(missing.map(\.description).joined(separator: ", ")) missing")
    }
    guard problems.isEmpty, !own.isEmpty else { throw Self.refusal(problems) }
    members = own.sorted { $0.shard.index < $1.shard.index }
  }

  private struct Problem: Error {
    let text: String
  }

  private static func open(_ path: String) throws -> Result<Member, Problem> {
    do {
      let ledger = try Ledger(path: path, readOnly: true)
      guard let record = try ledger.shardRecord(), let shard = record.manifest.shard,
        let run = try ledger.run(record.manifest.run)
      else { return .failure(Problem(text: "\(path) is no shard's ledger")) }
      guard try ledger.runs(limit: 2).count == 1 else {
        return .failure(Problem(text: "\(path) holds other runs beside that of shard \(shard)"))
      }
      guard try !ledger.wasPurged() else {
        return .failure(Problem(text: "texts of shard \(shard) were purged (\(path))"))
      }
      return .success(
        Member(shard: shard, ledger: ledger, record: record, run: run, head: try ledger.headHash()))
    } catch let error as SluiceError where error.exitCode == .usage {
      return .failure(Problem(text: "\(path): \(error.message)"))
    }
  }

  /// Those of one run, and what is wrong with the others: the run that most are of counts as the one that was meant.
  private static func sorted(_ members: [Member]) -> (own: [Member], problems: [String]) {
    func sameRun(_ a: Member, _ b: Member) -> Bool { difference(a, b) == nil }
    let meant = members.max { first, second in
      members.count { sameRun($0, first) } < members.count { sameRun($0, second) }
    }
    guard let meant else { return ([], []) }
    let own = members.filter { sameRun($0, meant) }
    let problems = members.compactMap { member in
      difference(member, meant).map {
        "\(member.ledger.path) is shard \(member.shard) of another run than \(meant.ledger.path): \($0)"
      }
    }
    return (own, problems)
  }

  /// The first thing that two shards of one run would agree on and these don't; nil where they do.
  private static func difference(_ a: Member, _ b: Member) -> String? {
    let (first, second) = (a.record.manifest, b.record.manifest)
    let parts: [(String, Bool)] = [
      ("another number of shards", first.count == second.count),
      ("another version of Sluice", first.version == second.version), ("another seed", first.seed == second.seed),
      ("other values by --set\(overridden(a, b))", a.run.overrides == b.run.overrides),
      ("other stages", first.stages == second.stages),
      ("another policy or other inputs", first.digest == second.digest),
      ("the work was dealt otherwise", first.deal == second.deal),
      ("one is sealed, the other isn't", a.ledger.isSealed == b.ledger.isSealed),
    ]
    return parts.first { !$0.1 }?.0
  }

  /// The overrides that only one of two shards has. Values that hold secrets were set aside before they were stored.
  private static func overridden(_ a: Member, _ b: Member) -> String {
    let (own, other) = (Set(a.run.overrides), Set(b.run.overrides))
    func sentence(_ rest: [String]) -> String { rest.isEmpty ? "none" : rest.joined(separator: ", ") }
    return " (\(sentence(a.run.overrides.filter { !other.contains($0) })), not "
      + "\(sentence(b.run.overrides.filter { !own.contains($0) })): every shard takes the same; --shard itself gives "
      + "each a ledger of its own beside ledger.path)"
  }

  static func refusal(_ problems: [String]) -> SluiceError {
    SluiceError(
      .unavailable, "the shards are not one whole run: " + problems.joined(separator: "; "),
      remedy: "Give every shard's ledger once; a shard that isn't done goes on with sluice run --shard i/n --resume.")
  }

  // MARK: - What they hold

  /// Holds every ledger against its audit chain, and the shards' models against each other.
  ///
  /// - Parameters:
  ///   - deal: computed anew from the policy and its inputs.
  ///   - planted: how many transcripts each judge is shown.
  /// - Throws: `SluiceError` (unavailable) naming the shards that don't hold.
  func verified(_ deal: ShardDeal, planted: [Int], progress: ProgressSink) throws -> MergedShards {
    var problems: [String] = []
    let whole = manifest.deal == deal.digest && manifest.version == sluiceVersion
    if !whole { problems.append("this version of Sluice, here, deals the work otherwise") }
    for member in members {
      try Task.checkCancellation()
      progress(.notice("verifying shard \(member.shard)"))
      let verification = try member.ledger.verification()
      if let finding = verification.findings.first {
        problems.append("shard \(member.shard) was changed (\(member.ledger.path)): \(finding)")
      } else if verification.head != member.head {
        problems.append("shard \(member.shard) is being written to (\(member.ledger.path))")
      }
      let units = deal.units(of: member.shard).count
      if whole, member.record.manifest.units != units || member.record.end?.units != units {
        problems.append("shard \(member.shard) did not do the work that it was dealt (\(member.ledger.path))")
      }
      if member.record.end.map({ $0.proofs.map(\.count) != planted }) ?? true {
        problems.append("shard \(member.shard) did not prove its judges (\(member.ledger.path))")
      }
    }
    let targets = try members.map { try Self.firstTargets($0) }
    for (member, own) in zip(members, targets).dropFirst() {
      if let difference = Self.difference(own, targets[0]) {
        problems.append("shards \(members[0].shard) and \(member.shard) asked different models: \(difference)")
      }
    }
    guard problems.isEmpty else { throw Self.refusal(problems) }
    let proofs = members.compactMap { $0.record.end?.proofs }
    return MergedShards(
      targets: targets[0], proofs: planted.indices.map { place in ProofText.common(proofs.map { $0[place] }) },
      notices: members.flatMap(\.record.notices).reduce(into: []) { if !$0.contains($1) { $0.append($1) } })
  }

  /// What each model and judge was when a shard began.
  private static func firstTargets(_ member: Member) throws -> [TargetRecord] {
    try member.ledger.targets(of: member.run.id).reduce(into: []) { first, record in
      if !first.contains(where: { $0.role == record.role && $0.fingerprint == record.fingerprint }) {
        first.append(record)
      }
    }
  }

  private static func difference(_ own: [TargetRecord], _ other: [TargetRecord]) -> String? {
    for record in other {
      guard let twin = own.first(where: { $0.role == record.role && $0.fingerprint == record.fingerprint }) else {
        return "the \(record.role) is not the same model"
      }
      if twin.revision != record.revision { return "the \(record.role) has another revision" }
      let signs = (twin.signs ?? ServerSigns()).differences(from: record.signs ?? ServerSigns())
      if twin.signs != record.signs {
        return "of the \(record.role), \(signs.first ?? "its server's signs differ")"
      }
    }
    return own.count == other.count ? nil : "one of them has models that the other lacks"
  }
}
