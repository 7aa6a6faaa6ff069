import Attackers

extension Contestant {
  /// Every method of the lab's benchmark, and opponents that know how the archipelago's language is made.
  static func onArchipelago(_ grammar: RequestGrammar) -> [Contestant] {
    methods
      + [AttackMethod.mapElites(grammar), .styleBandit(grammar)].map { method in
        var settings = AttackerSettings()
        settings.method = method
        return Contestant(name: method.name, settings: settings)
      }
  }
}
