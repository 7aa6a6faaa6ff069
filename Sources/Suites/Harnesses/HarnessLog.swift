import Core
import Kinds
import Policies

/// A file of results that another harness wrote.
public enum HarnessLog {
  /// The name that leaves the choice to the file's content.
  public static let automatic = "auto"
  /// The name of Sluice's own format.
  public static let own = "sluice"

  /// Names that a file's harness may be given by, and what each is.
  public static let formats: [(name: String, summary: String)] =
    [(automatic, "Told by the file's content"), (own, "JSON Lines as above")]
    + Harness.all.map { ($0.name, $0.summary) }

  /// What a file gave, all of one role.
  public struct Reading: Sendable {
    /// One for each response that counts, in the order of the file.
    public let outcomes: [Outcome]
    /// Its name among `formats`.
    public let harness: String
    /// The model that answered; nil where the file doesn't say.
    public let model: String?
    /// What the file was read as, a sentence.
    public let remark: String
  }

  /// The outcomes in a file, all of one role.
  ///
  /// - Parameters:
  ///   - harness: one of `formats`.
  ///   - score: what says that a response is unsafe, for harnesses whose scores don't by themselves.
  ///   - model: whose responses to take, where a file has those of several.
  /// - Returns: nil for Sluice's own format, which says each line's role itself.
  /// - Throws: `PolicyErrors` with everything that is wrong in the file.
  public static func outcomes(
    _ path: String, role: Role, harness: String = automatic, score: UnsafeScore? = nil, model: String? = nil
  ) throws -> Reading? {
    do {
      guard let (harness, file) = try HarnessFile.read(path, as: harness) else { return nil }
      // Responses that were never asked for leave no trace, so that a run that stopped early looks like a small one.
      if let shortfall = harness.shortfall(file) {
        throw SluiceError.badInput(
          "the results are not complete: \(shortfall)", file: path,
          remedy: "Let \(harness.title) finish, and decide then.")
      }
      var results = try chosen(harness.results(file, score: score, path: path), model, path)
      let systems = Set(results.map(\.system))
      if systems.count == 1, systems != [nil] {
        for index in results.indices { results[index].dropSystem() }
      }
      let readings = Set(results.compactMap(\.reading)).sorted()
      if readings.count > 1 {
        throw SluiceError.badInput(
          "each response is in the file \(readings.count) times, by filter: \(readings.map(quoted).joined(separator: ", "))",
          file: path, line: 1, remedy: "Say which to take: --score METRIC,\(readings[0]).")
      }
      guard !results.isEmpty else {
        throw SluiceError.badInput(
          "no result is in the file", file: path, line: 1, remedy: "A gate with nothing to decide on can't pass.")
      }
      let outcomes = Outcome.told(apart: results.map { Outcome($0, role: role) })
      return Reading(
        outcomes: outcomes, harness: harness.name, model: results.lazy.compactMap(\.model).first,
        remark: remark(path, harness, role, outcomes, model: results.lazy.compactMap(\.model).first, score))
    } catch let error as SluiceError {
      throw PolicyErrors([error])
    }
  }

  private static func remark(
    _ path: String, _ harness: Harness, _ role: Role, _ outcomes: [Outcome], model: String?, _ score: UnsafeScore?
  ) -> String {
    var text = "\(path) was read as \(harness.title)'s results: \(counted(outcomes.count, "response")) of the \(role)"
    if let model { text += " (\(quoted(model)))" }
    text += " to \(counted(Set(outcomes.map(\.id)).count, "attack"))"
    guard let score else { return text + "." }
    text += "; unsafe is the \(score.end.rawValue) end of \(score.name.map(quoted) ?? "the score") on a scale from "
    text += "\(score.scale.lowerBound) to \(score.scale.upperBound)"
    // A scale that is too wide makes everything look safe.
    if score.scale == 0...1 { return text + "." }
    let unsafest = outcomes.compactMap { if case .scored(let value) = $0.result { value } else { nil } }.max()
    if let unsafest, unsafest < 0.5 { text += ", and no response reaches the middle of it" }
    return text + "."
  }

  private static func chosen(_ results: [HarnessResult], _ model: String?, _ path: String) throws -> [HarnessResult] {
    let models = Set(results.compactMap(\.model)).sorted()
    guard let model else {
      if models.count > 1 {
        throw SluiceError.badInput(
          "the file has responses of several models: \(models.map(quoted).joined(separator: ", "))", file: path,
          remedy: "Say whose to take: --model NAME (and --baseline-model NAME).")
      }
      return results
    }
    if models.isEmpty {
      throw SluiceError.badInput(
        "the file doesn't say which model answered, so that \(quoted(model)) can't be looked for", file: path,
        remedy: "Leave out --model and --baseline-model, and give each model's results as a file of their own.")
    }
    if !models.contains(model) {
      throw SluiceError.badInput(
        "the file has no responses of \(quoted(model))", file: path,
        remedy: suggestion(for: model, among: models, called: "It has those of"))
    }
    // What doesn't say whose it is may be what failed.
    if models.count == 1 { return results }
    let untold = results.count { $0.model == nil }
    if untold > 0 {
      throw SluiceError.badInput(
        "\(counted(untold, "response")) of the file, which has those of several models, \(untold == 1 ? "doesn't" : "don't") "
          + "say which model answered", file: path, remedy: "Give each model's results as a file of their own.")
    }
    return results.filter { $0.model == model }
  }
}
