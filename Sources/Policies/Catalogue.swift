import AttackerWorkers
import Attackers
import Decisions
import Judges
import Reports
import SafetyTuning
import Targets

/// Everything that a policy can name, kind by kind: what the reader, the schema and the assembly go through.
public struct Catalogue: Sendable {
  public var targets = TargetKind.all
  public var judges = JudgeKind.all
  public var tuners = TunerKind.all
  public var methods = AttackMethod.all
  public var engines = EngineKind.all
  public var objectives = Objective.all
  public var settings = AttackerSetting.all
  public var reporters = Reporter.all
  public var subscribers = Subscriber.all
  public var metrics = Metric.all

  /// All settings of an attacker, in the order of the schema.
  var attackerSettings: [AttackerSetting] {
    [.method(among: methods), .objective(among: objectives)] + settings
  }

  /// Those of this version.
  public static let all = Catalogue()
}
