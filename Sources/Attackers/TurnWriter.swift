import Core

/// Writes the user's turns.
protocol TurnWriter: Sendable {
  /// One turn for each task, in order, or why there is none. Equal tasks get equal turns.
  func turns(for tasks: [DrivingTask]) async throws -> [Result<String, DrivingProblem>]
}

/// A model that the policy names for it, and that the run asks as it asks a target.
struct ServedDriver: TurnWriter {
  let partner: any ConversationOracle

  func turns(for tasks: [DrivingTask]) async throws -> [Result<String, DrivingProblem>] {
    try await partner.turns(for: tasks)
  }
}

/// The attacker's own language model, sampled at temperature 1 after its prompt.
///
/// A prompt with `{conversation}` or `{goal}` is filled in; one without is the same for every turn, and the search alone decides what
/// is kept.
struct LocalDriver: TurnWriter {
  private let loaded: LoadedEngine
  private let reference: AttackerModel
  private let template: String
  private let maxTokens: Int

  /// - Throws: `SluiceError` where the model can't be loaded or has no prompt to start from.
  init(_ engine: any AttackerEngine, settings: AttackerSettings) async throws {
    loaded = try await LoadedEngine(engine, settings: settings)
    reference = AttackerModel(referenceOf: loaded, settings: settings)
    template = loaded.description.attackStart(settings.needs)
    maxTokens = settings.maxTokens
  }

  func turns(for tasks: [DrivingTask]) async throws -> [Result<String, DrivingProblem>] {
    let isFilled = template.contains("{conversation}") || template.contains("{goal}")
    var samples: [EngineSample?] = []
    if isFilled {
      for task in tasks {
        guard let context = try await context(of: task) else {
          samples.append(nil)
          continue
        }
        samples += try await reference.sample(seeds: [Self.seed(task)], context: context)
      }
    } else {
      samples = try await reference.sample(seeds: tasks.map(Self.seed))
    }
    let texts = try await loaded.engine.decode(samples.map { $0?.tokens ?? [] })
    return zip(tasks, zip(samples, texts)).map { task, drawn in
      guard drawn.0 != nil else { return .failure(DrivingProblem("has no room for the conversation")) }
      return Result { () throws(DrivingProblem) in try task.turn(in: drawn.1, needsMarks: false) }
    }
  }

  private static func seed(_ task: DrivingTask) -> UInt64 { StableHash.fnv1a(task.code.utf8) }

  /// The tokens before a turn: of a conversation that is too long the beginning is left out. Nil where nothing fits.
  private func context(of task: DrivingTask) async throws -> [Int32]? {
    for left in 0...task.turns.count {
      let text = template.replacing("{goal}", with: task.goal)
        .replacing("{conversation}", with: task.without(first: left).conversation)
      let tokens = try await loaded.engine.encode([text], addingSpecialTokens: true).first ?? []
      if !tokens.isEmpty, tokens.count + maxTokens <= loaded.description.context { return tokens }
    }
    return nil
  }
}
