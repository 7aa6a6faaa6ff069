import Core
import Kinds
import Policies

extension Outcome {
  /// How a harness calls what it asked.
  struct Naming: Hashable, Sendable {
    /// The identifier of the prompt, or of what was given of the conversation; else the harness's own name.
    let base: String
    /// The harness's own name of the sample; nil where it has none.
    let mark: String?
    /// Whether `mark` has to tell it from others of the same base.
    let isLive: Bool
    /// What else the suite file may know it by.
    let others: [String]
  }

  /// The suite's attacks are called by their prompts; so results of two files and the plan meet.
  init(_ result: HarnessResult, role: Role) {
    let base = (result.base ?? result.prompt).map { AttackID(prompt: $0).text } ?? result.id
    self.init(
      role: role, id: base, isBenign: false, cluster: nil,
      category: result.category, locale: nil, look: 1, sample: 0, prompt: result.prompt, isCut: result.isCut,
      reason: result.reason, result: result.result,
      doubt: result.doubt,
      naming: Naming(base: base, mark: result.mark, isLive: result.isLive, others: result.otherNames))
  }

  /// Prompts and identifiers that the suite file may know the attack by, where it doesn't know it by its prompt: the sample's name, the
  /// conversation with its system prompt, and its last user turn. They say less than the prompt does.
  public var otherNames: [String] {
    (naming?.others ?? []) + [prompt.flatMap { Conversation(text: $0)?.lastUserTurn }].compactMap(\.self)
  }

  /// Results of other harnesses with their samples counted. Two attacks of one prompt are told apart where they stand under several
  /// categories (probes, plugins): each is an attack of its own category, though of one wording. So are conversations that begin
  /// alike and go on with what the user says to answers: each sample of the harness is an attack of its own.
  ///
  /// - Parameter outcomes: of both roles, if there are two, so that both call an attack by one name.
  public static func told(apart outcomes: [Outcome]) -> [Outcome] {
    let marked = beginningAlike(outcomes)
    let categories = categories(of: outcomes, marked)
    var samples: [String: Int] = [:]
    return outcomes.map { given in
      var outcome = given
      let name = given.attackName(marked)
      let isShared = categories[name].map { $0.count > 1 } ?? false
      outcome.id = isShared ? "\(name)/\(given.category ?? "")" : name
      let key = "\(outcome.role) \(outcome.id)"
      outcome.sample = samples[key, default: 0]
      samples[key] = outcome.sample + 1
      return outcome
    }
  }

  /// Number of prompts that stand under other categories in one model's results than in the other's.
  public static func movedPrompts(_ candidate: [Outcome], _ baseline: [Outcome]) -> Int {
    let marked = beginningAlike(candidate + baseline)
    let other = categories(of: baseline, marked)
    return categories(of: candidate, marked).count { name, own in other[name].map { $0 != own } ?? false }
  }

  /// What several samples begin with of which some go on.
  private static func beginningAlike(_ outcomes: [Outcome]) -> Set<String> {
    var marks: [String: Set<String?>] = [:]
    var live: Set<String> = []
    for naming in outcomes.compactMap(\.naming) {
      marks[naming.base, default: []].insert(naming.mark)
      if naming.isLive { live.insert(naming.base) }
    }
    return live.filter { (marks[$0]?.count ?? 0) > 1 }
  }

  private static func categories(of outcomes: [Outcome], _ marked: Set<String>) -> [String: Set<String?>] {
    var categories: [String: Set<String?>] = [:]
    for outcome in outcomes { categories[outcome.attackName(marked), default: []].insert(outcome.category) }
    return categories
  }

  /// The name of what was asked, whatever category it stands under.
  private func attackName(_ marked: Set<String>) -> String {
    guard let naming else { return id }
    guard let mark = naming.mark, marked.contains(naming.base) else { return naming.base }
    return "\(naming.base)/\(mark)"
  }
}
