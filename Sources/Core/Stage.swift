/// The steps of a run, in order.
public enum Stage: String, CaseIterable, Sendable, Hashable, Comparable, Codable {
  /// `tune` and what is before it ask models; `decide` only reads what was seen.
  case preflight, replay, benign, regenerate, confirm, transfer, tune, decide

  /// Orders by place in a run.
  public static func < (a: Stage, b: Stage) -> Bool { a.position < b.position }

  private var position: Int { Stage.allCases.firstIndex(of: self) ?? 0 }
}
