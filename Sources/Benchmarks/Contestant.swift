import ArgumentParser
import Attackers
import Foundation

/// A method and its settings, as the benchmark compares them.
struct Contestant: Sendable {
  let name: String
  let settings: AttackerSettings

  /// Sluice's default, the published recipe, and the field's baselines.
  static let methods: [Contestant] = {
    var all = [
      Contestant(name: "gflownet", settings: AttackerSettings()),
      Contestant(name: "published", settings: .published),
    ]
    for method in [AttackMethod.reinforce, .ppo, .inContext, .sft] {
      var settings = AttackerSettings()
      settings.method = method
      all.append(Contestant(name: method.rawValue, settings: settings))
    }
    return all
  }()

  /// The default with one ingredient changed.
  static let ablations = [
    "no-screen:screenPool=1", "no-mle:smoothing=false", "no-exploration:explorationShare=0", "tb:objective=tb",
    "contrastive:objective=contrastive-tb,pairSigma=5", "min-k:reward=min-k", "adaptive-counts:responsesAtMost=3",
    "five-responses:responsesPerAttack=5", "one-update:updatesPerBatch=1", "four-updates:updatesPerBatch=4",
    "no-replay:replayFraction=0,updatesPerBatch=1", "untrained:training=false",
  ]

  init(name: String, settings: AttackerSettings) {
    self.name = name
    self.settings = settings
  }

  /// - Parameter text: `gflownet`, or a variant of the default, `name:key=value,key=value`.
  init(_ text: String) throws {
    if let known = Self.methods.first(where: { $0.name == text }) {
      self = known
      return
    }
    let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
    guard parts.count == 2 else { throw ValidationError("'\(text)' is no method and no name:key=value") }
    var base = AttackerSettings()
    var object = try JSONSerialization.jsonObject(with: JSONEncoder().encode(base)) as? [String: Any] ?? [:]
    for pair in parts[1].split(separator: ",") {
      let sides = pair.split(separator: "=").map(String.init)
      guard sides.count == 2, object[sides[0]] != nil else { throw ValidationError("no setting '\(pair)'") }
      object[sides[0]] =
        Bool(sides[1]).map { $0 as Any } ?? Double(sides[1]).map { $0 as Any } ?? sides[1] as Any
    }
    base = try JSONDecoder().decode(AttackerSettings.self, from: JSONSerialization.data(withJSONObject: object))
    self.init(name: parts[0], settings: base)
  }
}
