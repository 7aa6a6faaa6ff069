import Core
import Kinds

/// Another evaluation tool whose results can be decided on: how its files are told, and what a record of them says.
public struct Harness: Sendable {
  /// What `--from` calls it.
  public let name: String
  /// What people call it.
  public let title: String
  /// Which of its files are read, a phrase for people.
  public let summary: String
  /// How its results tell unsafe responses by themselves, after "they are told"; nil where `UnsafeScore` has to say it.
  let verdict: String?
  /// The records that count, where a file has some more than once.
  let selects: @Sendable ([DataRecord]) -> [DataRecord]
  private let recognises: @Sendable ([DataRecord]) -> Bool
  /// Names that `UnsafeScore` can take of a record.
  let scores: @Sendable (DataRecord) -> [String]
  private let read: @Sendable (DataRecord, UnsafeScore?) throws -> [HarnessResult]
  /// The model that answered all of a file; nil where the file doesn't say, or where its records do. Throws for a file of several.
  let model: @Sendable (HarnessFile) throws -> String?
  /// What keeps a file from being all of a run, after "the results are not complete: "; nil where nothing does.
  let shortfall: @Sendable (HarnessFile) -> String?

  init(
    name: String, title: String, summary: String, verdict: String?,
    recognises: @escaping @Sendable ([DataRecord]) -> Bool,
    selects: @escaping @Sendable ([DataRecord]) -> [DataRecord] = { $0 },
    scores: @escaping @Sendable (DataRecord) -> [String] = { _ in [] },
    model: @escaping @Sendable (HarnessFile) throws -> String? = { _ in nil },
    shortfall: @escaping @Sendable (HarnessFile) -> String? = { _ in nil },
    read: @escaping @Sendable (DataRecord, UnsafeScore?) throws -> [HarnessResult]
  ) {
    (self.name, self.title, self.summary, self.verdict) = (name, title, summary, verdict)
    (self.recognises, self.scores, self.read) = (recognises, scores, read)
    (self.selects, self.model, self.shortfall) = (selects, model, shortfall)
  }

  /// All there are.
  public static let all = [
    garak, inspect, lmEval, nemoEvaluator, promptfooResults, deepTeam, pyrit, pyritMemory,
  ]

  static func recognised(in records: [DataRecord]) -> Harness? { all.first { $0.recognises(records) } }

  /// The results of all records.
  /// - Throws: `SluiceError` (usage) where the score doesn't fit the harness or the file, and for malformed records.
  func results(_ file: HarnessFile, score: UnsafeScore?, path: String) throws -> [HarnessResult] {
    switch (verdict, score) {
    case (nil, nil):
      throw SluiceError.badInput(
        "\(title)'s scores don't say by themselves which end is unsafe", file: path,
        remedy: "Say it: --unsafe high, or --unsafe low; and --score NAME where there are several.")
    case (let verdict?, .some):
      throw SluiceError.badInput(
        "\(title)'s results say by themselves which responses are unsafe: they are told \(verdict)", file: path,
        remedy: "Leave out --score, --unsafe and --scale; --threshold and judges.confirm.threshold move the limit.")
    case (nil, let score?): try check(score, file, path)
    case (.some, nil): break
    }
    let model = try model(file)
    var seen: [String: DataRecord] = [:]
    return try selects(file.records).flatMap { record in
      var results = try read(record, score)
      for index in results.indices {
        results[index].model = results[index].model ?? model
        results[index].settle()
        guard let response = results[index].response else { continue }
        if let first = seen.updateValue(record, forKey: response) {
          throw record.error(
            "the file has this response already" + (first.place.line.map { ", on line \($0)" } ?? ""),
            remedy: "Remove one: each response counts once.")
        }
      }
      if results.contains(where: { $0.prompt == nil && $0.id.isEmpty }) {
        throw record.error(
          "the result says neither what was asked nor which sample it is of",
          remedy: "Write the results again with prompts.")
      }
      return results
    }
  }

  private func check(_ score: UnsafeScore, _ file: HarnessFile, _ path: String) throws {
    guard let name = score.name else { return }
    let names = Set(file.records.flatMap(scores)).sorted()
    guard !names.isEmpty, !names.contains(name) else { return }
    throw SluiceError.badInput(
      "there is no score \(quoted(name))", file: path, line: 1,
      remedy: suggestion(for: name, among: names, called: "There are"))
  }
}

/// One response that a harness asked for.
public struct HarnessResult: Sendable {
  /// The prompt, or where nobody kept it the harness's own name of the sample.
  public var id: String
  /// What was asked; nil where the file doesn't say.
  public var prompt: String?
  /// What an attack is called by where that is less than the whole prompt: of a conversation what was given of it.
  var base: String?
  /// The harness's own name of the sample.
  var mark: String?
  /// Whether `mark` has to tell it from others with the same `base`.
  var isLive = false
  /// Prompts and identifiers that the suite file may know the attack by, if it doesn't know it by its prompt.
  var otherNames: [String] = []
  /// The kind of harm; nil where the file doesn't say.
  public var category: String?
  /// The model that answered, where the file says it.
  public var model: String?
  /// Which reading of one response it is, where the harness gives several; only one may be taken.
  public var reading: String?
  /// The harness's own name of the response, which no other has; nil where it gives none.
  public var response: String?
  /// Whether the token limit ended the response.
  public var isCut = false
  /// Whether the model gave no text.
  public var isEmpty = false
  /// Why nobody knows that the response is safe where its score is below the limit; nil where it is then.
  public var doubt: String?
  /// Why there is no verdict; nil where the file doesn't say.
  public var reason: String?
  /// What the harness says of the response.
  public var result: Outcome.Result

  /// The system prompt of the conversation that was asked; nil for a plain prompt.
  var system: String? { prompt.flatMap(Conversation.init(text:))?.system }

  /// The system prompt of all results is the target's own, as a policy's target has it, and none of the attacks'.
  mutating func dropSystem() {
    guard let whole = prompt else { return }
    otherNames.append(whole)
    prompt = Self.withoutSystem(whole)
    base = base.map(Self.withoutSystem)
    if id == whole { id = prompt ?? "" }
  }

  private static func withoutSystem(_ text: String) -> String {
    guard var conversation = Conversation(text: text) else { return text }
    conversation.system = nil
    return conversation.text
  }

  /// A response without a text is no safe one, since nobody knows what the model would have said, and neither is one that was not
  /// judged to the end. Above the usual limit that is left to the limit which is asked for.
  mutating func settle() {
    if isEmpty { doubt = "the response is empty" }
    guard let doubt, case .scored(let score) = result, score < 0.5 else { return }
    (result, reason) = (.unscored, doubt)
  }
}

/// Which score of a harness says that a response is unsafe, and which end of it does.
public struct UnsafeScore: Hashable, Sendable {
  /// The end of a scale that stands for unsafe.
  public enum End: String, CaseIterable, Sendable {
    /// Higher scores are worse, or lower ones.
    case high, low
  }

  /// The scorer's or metric's name; nil where there is one alone.
  public let name: String?
  /// The end that stands for unsafe.
  public let end: End
  /// The scale's ends.
  public let scale: ClosedRange<Double>

  public init(name: String? = nil, end: End, scale: ClosedRange<Double> = 0...1) {
    self.name = name
    self.end = end
    self.scale = scale
  }

  /// Probability that the response is unsafe.
  /// - Throws: `SluiceError` (usage) for a value outside the scale.
  func probability(_ value: Double, _ record: DataRecord) throws -> Double {
    guard scale.contains(value) else {
      throw record.error(
        "the score \(value) is outside \(scale.lowerBound) to \(scale.upperBound)",
        remedy: "Say what its scale is: --scale 1,10.")
    }
    let share = (value - scale.lowerBound) / (scale.upperBound - scale.lowerBound)
    return end == .high ? share : 1 - share
  }

  /// What a score as JSON says: numbers, booleans, and the letters that Inspect grades with.
  /// - Returns: unscored for no answer, no number, and null.
  /// - Throws: `SluiceError` (usage) for any other value.
  func result(_ value: JSON, _ record: DataRecord) throws -> Outcome.Result {
    if let number = value.double { return number.isFinite ? .scored(try probability(number, record)) : .unscored }
    if let bool = value.bool { return .scored(end == .high ? (bool ? 1 : 0) : (bool ? 0 : 1)) }
    switch value.string {
    case "C"?: return .scored(end == .high ? 1 : 0)
    case "P"?: return .scored(0.5)
    case "I"?: return .scored(end == .high ? 0 : 1)
    case "N"?: return .unscored
    case let text? where text.lowercased() == "nan": return .unscored
    case let text?:
      // No hexadecimal, no infinity.
      if text.allSatisfy("+-.0123456789eE".contains), let number = Double(text) {
        return .scored(try probability(number, record))
      }
      throw record.error("the score \(quoted(text)) is no number", remedy: "Name a score that is one: --score NAME.")
    case nil where value.isNull: return .unscored
    case nil:
      throw record.error("the score is \(value.kind), not a number", remedy: "Name a score that is one: --score NAME.")
    }
  }
}
