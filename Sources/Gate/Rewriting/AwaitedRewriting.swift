import Core
import Decisions
import Transforms

/// What is to become of an attack whose words a model has to find.
struct AwaitedRewriting: Sendable {
  let chain: TransformChain
  /// The part of the model that is asked.
  let rewriter: Role
}

/// The attacks that models are to rewrite, step by step: says what is to be asked, and takes the answers.
///
/// The same attacks and answers give the same texts, so that a run that goes on, a merge of shards and the next release ask the targets the
/// same.
struct RewritingPass: Sendable {
  /// One question to a rewriter.
  struct Request: Hashable, Sendable {
    let rewriter: Role
    let prompt: String
  }

  /// A text, or why there is none.
  typealias Text = Result<String, RewritingProblem>

  fileprivate struct Item: Sendable {
    let attack: Attack
    let unit: CompactName
    let awaited: AwaitedRewriting
    /// The turns that attack, as they were written.
    let originals: [String]
    /// The same as far as they are rewritten.
    var texts: [String]
    var step = 0
    var problem: RewritingProblem?

    /// What is asked next; nil where nothing is.
    var task: RewritingTask? {
      guard problem == nil, step < awaited.chain.steps.count, case .asked(let task) = awaited.chain.steps[step] else {
        return nil
      }
      return task
    }

    /// Equal for equal turns of one attack alone: no two attacks ask the same, and so no two shards.
    func request(_ task: RewritingTask, _ turn: Int) -> Request {
      Request(
        rewriter: awaited.rewriter,
        prompt: task.request(for: texts[turn], of: RewritingPass.name(turn, of: attack.prompt)))
    }

    mutating func proceed() {
      while problem == nil, step < awaited.chain.steps.count, task == nil {
        texts = texts.map { TransformChain.rewritten($0, by: awaited.chain.steps[step]) }
        step += 1
      }
    }
  }

  private var items: [Item]

  /// Tells a turn from all others, of other attacks too.
  private static func name(_ turn: Int, of attack: String) -> String { "\(turn) \(attack)" }

  /// The lines by which every request for a text of an attack is told.
  static func fences(of attack: String) -> [String] {
    turns(of: attack).indices.map { RewritingTask.fence(of: name($0, of: attack)) }
  }

  /// The texts of a prompt or conversation that attack, in order.
  static func turns(of attack: String) -> [String] {
    var texts: [String] = []
    _ = Conversation.rewritten(attack) { text in
      texts.append(text)
      return text
    }
    return texts
  }

  /// - Parameter attacks: of which some await a rewriting, copies of one wording told.
  init(_ attacks: [SuiteAttack], _ awaited: [AttackID: AwaitedRewriting]) {
    items = attacks.compactMap { planned in
      guard let awaited = awaited[planned.attack.id] else { return nil }
      let attack = planned.attack
      let turns = Self.turns(of: attack.prompt)
      var item = Item(attack: attack, unit: planned.unit, awaited: awaited, originals: turns, texts: turns)
      item.proceed()
      return item
    }
  }

  /// How many attacks await a text.
  var count: Int { items.count }

  /// What has to be asked now, each once; empty at the end.
  var requests: [Request] {
    var seen: Set<Request> = []
    return items.flatMap { item in
      item.task.map { task in item.texts.indices.map { item.request(task, $0) } } ?? []
    }.filter { seen.insert($0).inserted }
  }

  /// Takes what rewriters said, and goes on.
  /// - Parameter answers: to all requests; what has none stays without a text.
  mutating func hear(_ answers: [Request: Text]) {
    var heard: [Int] = []
    for index in items.indices {
      guard let task = items[index].task else { continue }
      for turn in items[index].texts.indices where items[index].problem == nil {
        let answer = answers[items[index].request(task, turn)] ?? .failure(RewritingProblem("was not asked"))
        do throws(RewritingProblem) {
          items[index].texts[turn] = try task.rewritten(in: try answer.get(), of: items[index].texts[turn])
        } catch {
          items[index].problem = error
        }
      }
      heard.append(index)
    }
    refuseTexts(ofOthers: heard)
    for index in heard {
      items[index].step += 1
      items[index].proceed()
    }
  }

  /// What a rewriter makes of attacks of different clusters alike is nothing that it made of any of them, and neither is the text of
  /// another attack: only letters and digits tell texts apart here.
  /// - Parameter heard: places of the items that have just been given texts.
  private mutating func refuseTexts(ofOthers heard: [Int]) {
    struct Said: Hashable {
      let chain: String
      let step: Int
      let letters: [String]
    }
    var units: [[String]: Set<CompactName>] = [:]
    for item in items { units[item.originals.map(RewritingTask.letters), default: []].insert(item.unit) }
    var places: [Said: [Int]] = [:]
    for index in heard where items[index].problem == nil {
      let item = items[index]
      let letters = item.texts.map(RewritingTask.letters)
      if let owners = units[letters], !owners.contains(item.unit) {
        items[index].problem = .another
      } else {
        places[Said(chain: item.awaited.chain.name, step: item.step, letters: letters), default: []].append(index)
      }
    }
    for same in places.values where Set(same.map { items[$0].unit }).count > 1 {
      // Conversations may end in the same words.
      guard Set(same.map { items[$0].originals }).count > 1 else { continue }
      for index in same { items[index].problem = RewritingProblem("said the same of attacks that are not alike") }
    }
  }

  /// What became of each attack, by its identifier.
  var texts: [AttackID: Text] {
    Dictionary(items.map { ($0.attack.id, $0.text) }) { first, _ in first }
  }
}

extension RewritingProblem {
  static let another = RewritingProblem("gave the text of another attack")
}

extension RewritingPass.Item {
  fileprivate var text: RewritingPass.Text {
    if let problem { return .failure(problem) }
    var rest = texts[...]
    return .success(Conversation.rewritten(attack.prompt) { rest.popFirst() ?? $0 })
  }
}

extension RewritingPass {
  /// The text of an answer as a rewriter gave it, without reasoning before it.
  /// - Throws: `RewritingProblem` for what is no answer to rely on, and for one that declines.
  static func answer(_ outcome: ResponseOutcome) throws(RewritingProblem) -> String {
    let response: Response
    switch outcome {
    case .failure(let failure): throw RewritingProblem("could not be asked: \(failure.message)")
    case .success(let given): response = given
    }
    if response.isBlocked { throw RewritingProblem("was stopped by a filter") }
    if response.isRefused { throw RewritingProblem("declined") }
    if response.isCut { throw RewritingProblem("was cut off (raise its max_tokens)") }
    if let reason = response.whyUnanswered { throw RewritingProblem("gave no answer: \(reason)") }
    return response.answer
  }
}
