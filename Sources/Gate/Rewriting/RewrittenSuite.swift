import Core
import Decisions
import Evidence
import Judges
import Transforms

/// The attacks that a run asks, with the texts that rewriters gave.
struct RewrittenSuite: Sendable {
  /// In the order of the plan; where there is no text, what stood for it.
  private(set) var attacks: [SuiteAttack] = []
  /// Why attacks can't be asked, by identifier.
  private(set) var unasked: [AttackID: String] = [:]
  /// What rewriters made of the attacks, by transform, in the order of the policy.
  private(set) var transforms: [RewrittenTransform] = []
  /// Rewritten attacks whose text another attack of their cluster has.
  private(set) var repeated = 0

  /// - Parameters:
  ///   - planned: some attacks of a plan, or all.
  ///   - awaited: what is to become of those that a model has to find words for, by identifier.
  ///   - texts: as far as there are any, by identifier.
  ///   - written: identifiers of all attacks of the plan whose texts are known.
  init(
    _ planned: [SuiteAttack], awaited: [AttackID: AwaitedRewriting], texts: [AttackID: RewritingPass.Text],
    written: Set<AttackID>
  ) {
    // A unit is whole in one shard: what is planned elsewhere is of other units.
    var owners: [AttackID: CompactName] = [:]
    for planned in planned where awaited[planned.attack.id] == nil { owners[planned.attack.id] = planned.unit }
    for planned in planned {
      guard let rewriting = awaited[planned.attack.id] else {
        attacks.append(planned)
        continue
      }
      let name = rewriting.chain.name
      let given = (texts[planned.attack.id] ?? .failure(RewritingProblem("was not asked"))).map {
        planned.attack.rewritten(by: name, as: $0, locale: planned.attack.locale)
      }
      switch given {
      case .success(let attack) where owners[attack.id] == planned.unit:
        note(name, problem: nil)
        repeated += 1
      case .success(let attack) where owners[attack.id] == nil && !written.contains(attack.id):
        note(name, problem: nil)
        owners[attack.id] = planned.unit
        attacks.append(SuiteAttack(attack: attack, foundOn: nil, unit: planned.unit))
      case .success:
        miss(planned, name, .another)
      case .failure(let problem):
        miss(planned, name, problem)
      }
    }
  }

  private mutating func miss(_ planned: SuiteAttack, _ transform: String, _ problem: RewritingProblem) {
    note(transform, problem: problem.reason)
    attacks.append(planned)
    unasked[planned.attack.id] = "not rewritten by \(transform): the rewriter \(problem.reason)"
  }

  private mutating func note(_ name: String, problem: String?) {
    if transforms.last?.name != name, !transforms.contains(where: { $0.name == name }) {
      transforms.append(RewrittenTransform(name: name))
    }
    guard let place = transforms.firstIndex(where: { $0.name == name }) else { return }
    transforms[place].attacks += 1
    if let problem { transforms[place].problems[problem, default: 0] += 1 }
  }

  /// What a reader has to know of it, a sentence each.
  var notices: [String] {
    transforms.filter { !$0.problems.isEmpty }.map { transform in
      "\(transform.name): \(transform.lost) of \(transform.attacks) attacks were not rewritten and count as missing "
        + "(\(transform.reasons))."
    }
      + (repeated == 0
        ? []
        : [
          "\(repeated) rewritten \(repeated == 1 ? "attack has" : "attacks have") the text of another one and "
            + "\(repeated == 1 ? "is" : "are") left out."
        ])
  }
}

/// Has models rewrite attacks, each once: the ledger has every answer before anything is asked with it.
struct RewritingStage: Sendable {
  let service: ResponseService
  let rewriters: [Participant]
  /// Tells refusals beside the phrases that are known anyway; nil where the policy has nothing that does.
  let refusals: (any Judge)?
  let progress: ProgressSink

  /// Answers that are held in memory together.
  private static let atOnce = 4_096

  /// - Throws: `SluiceError` (unavailable) where a rewriter is lost.
  func texts(
    _ attacks: [SuiteAttack], _ awaited: [AttackID: AwaitedRewriting]
  ) async throws -> [AttackID: RewritingPass.Text] {
    var pass = RewritingPass(attacks, awaited)
    if pass.count == 0 { return [:] }
    let stage = StageProgress("rewrite", total: nil, unit: "attacks", sink: progress)
    while true {
      let requests = pass.requests
      if requests.isEmpty { break }
      var answers: [RewritingPass.Request: RewritingPass.Text] = [:]
      for rewriter in rewriters {
        let own = requests.filter { $0.rewriter == rewriter.role }
        for start in stride(from: 0, to: own.count, by: Self.atOnce) {
          let some = Array(own[start..<min(start + Self.atOnce, own.count)])
          for (request, text) in zip(some, try await ask(some, of: rewriter, stage)) { answers[request] = text }
        }
      }
      pass.hear(answers)
    }
    let texts = pass.texts
    let count = texts.values.count { (try? $0.get()) != nil }
    stage.end("\(count) of \(pass.count) attacks rewritten")
    return texts
  }

  private func ask(
    _ requests: [RewritingPass.Request], of rewriter: Participant, _ stage: StageProgress
  ) async throws -> [RewritingPass.Text] {
    let outcomes = try await service.outcomes(
      of: requests.map { TargetRequest(prompt: $0.prompt, sampleIndex: SampleIndices.replay(0)) },
      from: rewriter.target, as: rewriter.role
    ) { stage.advance(by: $0) }
    var texts = outcomes.map(Self.text)
    guard let refusals else { return texts }
    let given = texts.indices.compactMap { place in (try? texts[place].get()).map { (place: place, text: $0) } }
    let scores = try await refusals.score(given.map { JudgeInput(prompt: "", response: $0.text) })
    for ((place, _), score) in zip(given, scores) where score.isUnsafe(threshold: refusals.threshold) != false {
      texts[place] = .failure(RewritingProblem("declined"))
    }
    return texts
  }

  /// An answer that doesn't decline, or why there is none.
  static func text(_ outcome: ResponseOutcome) -> RewritingPass.Text {
    do throws(RewritingProblem) {
      let answer = try RewritingPass.answer(outcome)
      return RefusalPhrases.isRefusal(answer) ? .failure(RewritingProblem("declined")) : .success(answer)
    } catch {
      return .failure(error)
    }
  }
}

extension RewritingStage {
  /// The texts that rewriters gave in an earlier run, as its ledger has them; nothing is asked.
  static func stored(
    _ attacks: [SuiteAttack], _ awaited: [AttackID: AwaitedRewriting], of run: String, in ledger: Ledger
  ) throws -> [AttackID: RewritingPass.Text] {
    var pass = RewritingPass(attacks, awaited)
    while true {
      let requests = pass.requests
      if requests.isEmpty { return pass.texts }
      var answers: [RewritingPass.Request: RewritingPass.Text] = [:]
      for (rewriter, own) in Dictionary(grouping: requests, by: \.rewriter) {
        let stored = try ledger.answers(to: own.map(\.prompt), by: rewriter.description, in: run)
        for (request, response) in zip(own, stored) { answers[request] = response.map { text(.success($0)) } }
      }
      pass.hear(answers)
    }
  }
}
