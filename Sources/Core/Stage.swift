/// The steps of a run, in order.
public enum Stage: String, CaseIterable, Sendable, Hashable, Comparable, Codable {
  case preflight, replay, benign, regenerate, confirm, transfer, tune, decide

  public static func < (a: Stage, b: Stage) -> Bool { a.position < b.position }

  private var position: Int { Stage.allCases.firstIndex(of: self) ?? 0 }
}
