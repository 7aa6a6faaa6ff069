import Judges
import SafetyTuning
import Targets

/// Everything that a policy can name, kind by kind: what the reader, the schema and the assembly go through.
public struct Catalogue: Sendable {
  public var targets = TargetKind.all
  public var judges = JudgeKind.all
  public var tuners = TunerKind.all

  /// Those of this version.
  public static let all = Catalogue()
}
