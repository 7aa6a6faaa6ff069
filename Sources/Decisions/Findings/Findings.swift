import Core
import Statistics

/// Everything that a run or another harness saw: what metrics are computed from.
public struct Findings: Sendable {
  /// Attacks of the suites on candidate and baseline; nil where replay did not run.
  public var replay: ReplayFindings?
  /// Harmless questions; nil where none were asked.
  public var benign: [BenignRow]?
  /// By role, where the attacker searched.
  public var fresh: [Role: FreshFindings] = [:]
  /// Confirmed attacks on other models; nil where none were asked.
  public var transfer: TransferFindings?
  /// Variants and the attacks on them; nil where nothing was tuned.
  public var tuning: TuningFindings?
  /// The control model's known weaknesses, and whether the attacker found each.
  public var weaknesses: [KnownWeakness] = []
  /// How often the confirming judge is right; nil where nobody labelled anything, and its verdicts are taken as they are.
  public var judge: JudgeCalibration?
  /// What people say, where the ledger holds labels.
  public var labels: LabelFindings?
  /// What the judges said of planted transcripts; nil where responses were judged elsewhere.
  public var judgeProofs: [JudgeProof]?
  /// What rewriters made of the attacks, where models rewrite some.
  public var rewritten: [RewrittenTransform] = []
  /// Responses that searches had planned and did not ask, by role.
  public var unspent: [Role: Int] = [:]

  public init() {}

  /// What corrects a metric of this category; nil takes the judge's verdicts as they are.
  func correction(category: String?) -> JudgeCalibration? {
    judge.map { labels?.correction(category: category) ?? $0 }
  }

  /// What became of every planned response, by role and stage, in the order of reports.
  public var outcomes: [(role: Role, stage: String, counts: OutcomeCounts)] { outcomes(of: replay?.rows ?? []) }

  /// The same with one row for each wording, of copies the one that shows least: copies must not dilute a share of errors.
  var distinctOutcomes: [(role: Role, stage: String, counts: OutcomeCounts)] {
    outcomes(of: WordingUnits(replay?.rows ?? []).lazy.compactMap { $0.max { $0.unknown < $1.unknown } })
  }

  private func outcomes(of rows: some Sequence<ReplayRow>) -> [(role: Role, stage: String, counts: OutcomeCounts)] {
    var cells: [Cell: OutcomeCounts] = [:]
    func add(_ role: Role, _ stage: String, _ observations: [Observation]?) {
      if let observations, !observations.isEmpty { cells[Cell(role, stage), default: .init()].add(observations) }
    }
    func add(_ role: Role, _ stage: Stage, _ counts: OutcomeCounts) {
      if counts.planned > 0 {
        cells[Cell(role, stage.rawValue), default: .init()] =
          cells[Cell(role, stage.rawValue), default: .init()] + counts
      }
    }
    for row in rows {
      let stage = row.attack.isFound ? Self.foundStage : Stage.replay.rawValue
      add(.candidate, stage, row.candidate)
      add(.baseline, stage, row.baseline)
      add(.candidate, stage, row.secondLook?.candidate)
      add(.baseline, stage, row.secondLook?.baseline)
    }
    for row in benign ?? [] {
      add(.candidate, Stage.benign.rawValue, row.candidate)
      add(.baseline, Stage.benign.rawValue, row.baseline)
    }
    for (role, findings) in fresh {
      for restart in findings.restarts {
        add(role, .regenerate, restart.search)
        add(role, .confirm, restart.confirmation)
      }
    }
    for (role, count) in unspent {
      var counts = OutcomeCounts()
      counts.missing = count
      add(role, .regenerate, counts)
    }
    for (role, attacks) in transfer?.observations ?? [:] {
      for observations in attacks { add(role, Stage.transfer.rawValue, observations) }
    }
    for (role, counts) in tuning?.outcomes ?? [] { add(role, .tune, counts) }
    return cells.sorted { $0.key < $1.key }.map { ($0.key.role, $0.key.stage, $0.value) }
  }

  /// What reports call the replay of attacks that earlier searches found.
  static let foundStage = "found"

  /// What became of all planned responses together.
  public var total: OutcomeCounts { outcomes.reduce(OutcomeCounts()) { $0 + $1.counts } }
  var distinctTotal: OutcomeCounts { distinctOutcomes.reduce(OutcomeCounts()) { $0 + $1.counts } }

  private struct Cell: Hashable, Comparable {
    let role: Role
    let stage: String

    init(_ role: Role, _ stage: String) {
      self.role = role
      self.stage = stage
    }

    private var place: (String, Int, String) {
      let stages = Stage.allCases.map(\.rawValue)
      // The found suite is replayed with the file's.
      let position = stage == Findings.foundStage ? 1 : stages.firstIndex(of: stage) ?? stages.count
      return (role.rank, position, stage)
    }

    static func < (a: Cell, b: Cell) -> Bool { a.place < b.place }
  }
}

/// A way in which the control model is known to be weak, and whether the attacker found it.
public struct KnownWeakness: Hashable, Sendable {
  /// The weakness, as the control's list names it.
  public let id: String
  /// Whether a confirmed attack exploits it.
  public let isFound: Bool

  public init(id: String, isFound: Bool) {
    self.id = id
    self.isFound = isFound
  }
}

extension Role {
  /// Sorts roles as reports list them.
  public var rank: String {
    switch self {
    case .candidate: "0"
    case .baseline: "1"
    case .control: "2"
    case .transfer(let name): "3\(name)"
    case .variant(let name): "4\(name)"
    case .rewriter(let name): "5\(name)"
    case .driver: "6"
    }
  }
}
