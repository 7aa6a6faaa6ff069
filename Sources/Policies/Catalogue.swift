import AttackerWorkers
import Attackers
import Decisions
import Judges
import Reports
import SafetyTuning
import Targets

/// Everything that a policy can name, kind by kind: what the reader, the schema and the assembly go through.
public struct Catalogue: Sendable {
  /// Kinds of models under test.
  public var targets = TargetKind.all
  /// Kinds of judges.
  public var judges = JudgeKind.all
  /// Kinds of safety tuners.
  public var tuners = TunerKind.all
  /// Ways to search for attacks.
  public var methods = AttackMethod.all
  /// What runs an attacker's model outside this process.
  public var engines = EngineKind.all
  /// Training objectives of GFlowNet methods.
  public var objectives = Objective.all
  /// Keys of `attacker`, each with the property that it sets.
  public var settings = AttackerSetting.all
  /// Formats of reports.
  public var reporters = Reporter.all
  /// Kinds of services that are told of a verdict.
  public var subscribers = Subscriber.all
  /// What checks can be about.
  public var metrics = Metric.all

  /// All settings of an attacker, in the order of the schema.
  var attackerSettings: [AttackerSetting] {
    [.method(among: methods), .objective(among: objectives)] + settings
  }

  /// Those of this version.
  public static let all = Catalogue()
}
