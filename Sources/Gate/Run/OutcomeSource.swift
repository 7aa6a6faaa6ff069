import Core
import Evidence
import Kinds
import Suites

/// Where outcomes from elsewhere come from: Sluice's own lines, or the files of another harness.
public struct OutcomeSource: Sendable {
  /// Names that a file's harness may be given by, and what each is.
  public static let harnesses = HarnessLog.formats
  /// The name that leaves it to the file's contents.
  public static let automatic = HarnessLog.automatic
  /// What `--unsafe` takes.
  public static let ends = UnsafeScore.End.allCases.map(\.rawValue)

  let file: String
  let baseline: String?
  private let harness: String
  private let score: UnsafeScore?
  private let model: String?
  private let baselineModel: String?

  /// - Parameters:
  ///   - file: of both roles in Sluice's own format, of the candidate in another's.
  ///   - baseline: the baseline's file; nil where there is none, or where `baselineModel` answered in the same file.
  ///   - harness: a name of `harnesses`.
  ///   - score: the scorer's or metric's name; nil where there is one alone.
  ///   - unsafeEnd: which end of the score is unsafe; nil where the harness says it.
  ///   - scale: the score's ends, as in `1,10`; nil for 0 to 1.
  ///   - model: whose responses to take, where a file has those of several.
  ///   - baselineModel: the same of the baseline's file.
  /// - Throws: `SluiceError` (usage).
  public init(
    _ file: String, baseline: String? = nil, harness: String = automatic, score: String? = nil,
    unsafeEnd: String? = nil,
    scale: String? = nil, model: String? = nil, baselineModel: String? = nil
  ) throws {
    (self.file, self.baseline, self.harness) = (file, baseline, harness)
    (self.model, self.baselineModel) = (model, baselineModel)
    guard let unsafeEnd else {
      if score != nil || scale != nil {
        throw SluiceError(
          .usage, "a score is named without its unsafe end",
          remedy: "Add --unsafe high, or --unsafe low; harnesses whose results say it themselves take none of these.")
      }
      self.score = nil
      return
    }
    guard let end = UnsafeScore.End(rawValue: unsafeEnd) else {
      throw SluiceError(
        .usage, "unknown end \(quoted(unsafeEnd))",
        remedy: suggestion(for: unsafeEnd, among: Self.ends, called: "It can be"))
    }
    self.score = UnsafeScore(name: score, end: end, scale: try scale.map(Self.range) ?? 0...1)
  }

  private static func range(_ text: String) throws -> ClosedRange<Double> {
    let ends = text.split(separator: ",", omittingEmptySubsequences: false).map { Double($0.filter { $0 != " " }) }
    guard ends.count == 2, let low = ends[0], let high = ends[1], low.isFinite, high.isFinite, low < high else {
      throw SluiceError(.usage, "\(quoted(text)) is no scale", remedy: "Write its ends, the lower first: --scale 1,10.")
    }
    return low...high
  }

  var files: [String] { [file, baseline].compactMap(\.self) }

  /// The outcomes, and sentences on what the files were read as.
  /// - Throws: `PolicyErrors` and `SluiceError` (usage).
  func read() throws -> (outcomes: [Outcome], remarks: [String]) {
    guard
      let candidate = try HarnessLog.outcomes(file, role: .candidate, harness: harness, score: score, model: model)
    else {
      if baseline != nil || baselineModel != nil || model != nil || score != nil {
        throw SluiceError.badInput(
          "these are Sluice's own lines, which say role and score themselves", file: file,
          remedy:
            "Leave out --baseline-outcomes, --model, --baseline-model, --score and --unsafe; or name the harness: --from."
        )
      }
      return (try SuiteFile.outcomes(file), [])
    }
    guard baseline != nil || baselineModel != nil else { return (candidate.outcomes, [candidate.remark]) }
    guard
      let other = try HarnessLog.outcomes(
        baseline ?? file, role: .baseline, harness: harness, score: score, model: baselineModel)
    else {
      throw SluiceError.badInput(
        "these are Sluice's own lines, and the candidate's file is another harness's", file: baseline ?? file,
        remedy: "Name files of one harness.")
    }
    guard candidate.harness == other.harness else {
      throw SluiceError.badInput(
        "the baseline's results are another harness's than the candidate's", file: baseline ?? file,
        remedy: "Compare results of one harness: different judges differ on one model too.")
    }
    if isOneFile, candidate.model == other.model {
      throw SluiceError.badInput(
        "candidate and baseline are the same responses" + (other.model.map { ", those of \(quoted($0))" } ?? ""),
        file: baseline ?? file,
        remedy: "Name the baseline's own file or model: compared with itself, no model regresses.")
    }
    return (
      Outcome.told(apart: candidate.outcomes + other.outcomes),
      [candidate.remark, other.remark] + Self.doubts(candidate, other)
    )
  }

  /// What makes the comparison of two files doubtful.
  private static func doubts(_ candidate: HarnessLog.Reading, _ baseline: HarnessLog.Reading) -> [String] {
    var doubts: [String] = []
    if candidate.model != nil, candidate.model == baseline.model {
      doubts.append("Both files name one model; where it is one, comparing it with itself shows nothing.")
    }
    let moved = Outcome.movedPrompts(candidate.outcomes, baseline.outcomes)
    if moved > 0 {
      doubts.append(
        "\(counted(moved, "prompt")) \(moved == 1 ? "stands" : "stand") under other categories in the baseline's results than "
          + "in the candidate's; there each is an attack of its own, and missing on the other side.")
    }
    return doubts
  }

  /// What was asked for beside the files, a line each: it moves the verdict, and so belongs to the run's identity.
  var settings: String {
    [
      "harness \(harness)", score.map { "score \($0.name ?? "") \($0.end) \($0.scale)" }, model.map { "model \($0)" },
      baselineModel.map { "baseline model \($0)" },
    ].compactMap(\.self).joined(separator: "\n")
  }

  /// Whether both roles are read from one file, or from copies of one.
  private var isOneFile: Bool {
    guard let baseline else { return true }
    if FilePlace(file).isSame(as: FilePlace(baseline)) { return true }
    guard let digests = try? (SHA256.hex(file: file), SHA256.hex(file: baseline)) else { return false }
    return digests.0 == digests.1
  }
}
