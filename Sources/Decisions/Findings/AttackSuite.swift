import Core

/// An attack that is replayed, and where it comes from.
public struct SuiteAttack: Hashable, Sendable {
  /// What is asked.
  public let attack: Attack
  /// Identity of the model on which a search found it; nil for attacks of the suite file.
  public let foundOn: String?
  /// Names all attacks that are copies of one wording: together they count as one attack.
  public var wording: CompactName
  /// Names all attacks that are alike: declared clusters, joined where attacks of two are near-copies.
  public var unit: CompactName

  /// - Parameters:
  ///   - wording: nil where it copies no other attack.
  ///   - unit: nil for the attack's own cluster.
  public init(attack: Attack, foundOn: String?, wording: CompactName? = nil, unit: CompactName? = nil) {
    self.attack = attack
    self.foundOn = foundOn
    self.wording = wording ?? attack.id.name
    self.unit = unit ?? attack.unit
  }

  /// Whether a search of an earlier run found it.
  public var isFound: Bool { foundOn != nil }

  /// Its own category and transform.
  var kind: AttackSelection { AttackSelection(category: attack.category, transform: attack.transform) }

  /// Whether a figure about `selection` counts this attack.
  public func isOf(_ selection: AttackSelection) -> Bool { kind.isOf(selection) }
}

/// Which attacks a figure is about. Rewritten ones are never mixed with others: those that a transform spoils would hide what
/// another one breaks.
public struct AttackSelection: Hashable, Sendable {
  /// Nil for every category.
  public let category: String?
  /// What rewrote them; nil for attacks as they were written.
  public let transform: String?

  public init(category: String? = nil, transform: String? = nil) {
    self.category = category
    self.transform = transform
  }

  /// Whether attacks of this kind are among those that a figure is about.
  /// - Parameter selection: nil for all.
  func isOf(_ selection: AttackSelection?) -> Bool {
    guard let selection else { return true }
    return (selection.category == nil || category == selection.category) && transform == selection.transform
  }
}

/// The two suites of a run: the attacks of the suite file, and those that searches of earlier runs found.
///
/// **The scale does not move.** `replay.*` is measured on the suite file alone, so that equal models have equal rates
/// whatever other releases were searched in between; `found.*` is measured on what searches found.
///
/// **No model is measured on attacks that were chosen by looking at its own answers.** An attack found on the candidate is
/// left out of `found.asr`, one found on either model out of their comparison: it was picked *because* that model fails,
/// and would count against it alone.
public struct AttackSuite: Sendable {
  /// Every attack of either suite.
  public let attacks: [SuiteAttack]
  /// Identities of the models; one that isn't known by its bytes is never the same as in an earlier run.
  public let candidate: String
  /// Identity of the baseline; nil without one.
  public let baseline: String?

  public init(attacks: [SuiteAttack], candidate: String, baseline: String?) {
    self.attacks = attacks
    self.candidate = candidate
    self.baseline = baseline
  }

  /// Which attacks a metric is about.
  public enum Part: Sendable, CaseIterable {
    /// The suite file, or what searches of earlier runs found.
    case file, found
  }

  /// Whether an attack of this part measures the candidate alone.
  public func measuresCandidate(_ attack: SuiteAttack, _ part: Part) -> Bool {
    switch part {
    case .file: !attack.isFound
    case .found: attack.isFound && attack.foundOn != candidate
    }
  }

  /// Whether an attack of this part compares candidate and baseline without favour.
  public func comparesModels(_ attack: SuiteAttack, _ part: Part) -> Bool {
    measuresCandidate(attack, part) && (part == .file || attack.foundOn != baseline)
  }

  /// Distinct wordings in the largest unit among the attacks that a metric is about, asked or not.
  func largestCluster(where belongs: (SuiteAttack) -> Bool) -> Int {
    ClusterSizes(attacks.lazy.filter(belongs)).largest ?? 1
  }
}

/// Distinct wordings of each unit.
struct ClusterSizes {
  private var sizes: [CompactName: Int] = [:]

  private struct Member: Hashable {
    let unit: CompactName
    let wording: CompactName
  }

  init(_ attacks: some Sequence<SuiteAttack>) {
    var seen: Set<Member> = []
    for attack in attacks where seen.insert(Member(unit: attack.unit, wording: attack.wording)).inserted {
      sizes[attack.unit, default: 0] += 1
    }
  }

  var smallest: Int? { sizes.values.min() }
  var largest: Int? { sizes.values.max() }
}
