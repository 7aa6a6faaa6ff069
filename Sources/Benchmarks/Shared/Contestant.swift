import ArgumentParser
import Attackers
import Foundation

/// A method and its settings, as the benchmark compares them.
struct Contestant: Sendable {
  let name: String
  let settings: AttackerSettings

  /// Sluice's default, the published recipe, and every other method.
  static let methods: [Contestant] = {
    var all = [
      Contestant(name: "gflownet", settings: AttackerSettings()),
      Contestant(name: "published", settings: .published),
    ]
    for method in AttackMethod.all where method != .gflownet && !method.converses {
      var settings = AttackerSettings()
      settings.method = method
      all.append(Contestant(name: method.name, settings: settings))
    }
    return all
  }()

  /// Methods whose attacks are conversations, of as many turns as the lab's multi-turn assistant has room for.
  static let conversations: [Contestant] = AttackMethod.all.filter(\.converses).map { method in
    var settings = AttackerSettings()
    settings.method = method
    settings.turns = 3
    return Contestant(name: method.name, settings: settings)
  }

  /// The default with one ingredient changed.
  static let ablations = [
    "no-screen:screenPool=1", "pool-4:screenPool=4", "pool-16:screenPool=16", "no-mle:smoothing=false",
    "no-exploration:explorationShare=0", "cool-exploration:explorationTemperature=1", "tb:objective=tb",
    "tb-head:objective=tb,logZ=linear", "contrastive:objective=contrastive-tb,pairSigma=5", "min-k:reward=min-k",
    "adaptive-counts:responsesAtMost=3", "five-responses:responsesPerAttack=5", "replay:replayFraction=0.5",
    "two-updates:replayFraction=0.5,updatesPerBatch=2", "four-updates:replayFraction=0.5,updatesPerBatch=4",
    "replay-embedding:replayFraction=0.5,updatesPerBatch=2,replay.duplicates=embedding",
    "replay-mixture:replayFraction=0.5,updatesPerBatch=2,replay.sampling=mixture",
    "replay-100:replayFraction=0.5,updatesPerBatch=2,buffer=100",
    "replay-100-submodular:replayFraction=0.5,updatesPerBatch=2,buffer=100,replay.refresh=submodular",
    "untrained:training=false",
  ]

  init(name: String, settings: AttackerSettings) {
    self.name = name
    self.settings = settings
  }

  /// - Parameter text: `gflownet`, or a variant of the default, `name:key=value,replay.key=value`.
  init(_ text: String) throws {
    if let known = (Self.methods + Self.conversations).first(where: { $0.name == text }) {
      self = known
      return
    }
    let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
    guard parts.count == 2 else { throw ValidationError("'\(text)' is no method and no name:key=value") }
    var base = AttackerSettings()
    var object = try JSONSerialization.jsonObject(with: JSONEncoder().encode(base)) as? [String: Any] ?? [:]
    // What is nil isn't among the encoded keys.
    let names = Set(Mirror(reflecting: base).children.compactMap(\.label))
    for pair in parts[1].split(separator: ",") {
      let sides = pair.split(separator: "=").map(String.init)
      guard sides.count == 2 else { throw ValidationError("no setting '\(pair)'") }
      let value = Bool(sides[1]).map { $0 as Any } ?? Double(sides[1]).map { $0 as Any } ?? sides[1] as Any
      let path = sides[0].split(separator: ".").map(String.init)
      if path.count == 2, var inner = object[path[0]] as? [String: Any], inner[path[1]] != nil {
        inner[path[1]] = value
        object[path[0]] = inner
      } else if path.count == 1, names.contains(path[0]) {
        object[path[0]] = value
      } else {
        throw ValidationError("no setting '\(pair)'")
      }
    }
    base = try JSONDecoder().decode(AttackerSettings.self, from: JSONSerialization.data(withJSONObject: object))
    self.init(name: parts[0], settings: base)
  }
}
