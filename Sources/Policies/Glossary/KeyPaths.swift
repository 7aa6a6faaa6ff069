import Kinds

/// The keys of policies by the way to them.
enum KeyPaths {
  struct Place {
    /// Keys from the outermost in, with dots between them; `NAME` stands for a name of the user's choice.
    let path: String
    let key: PolicyKey
    /// The kinds that have the key; empty where all have it.
    let kinds: [String]
  }

  /// In the order of the schema; a key that several kinds have, described alike, is there once.
  static func all(_ keys: [PolicyKey]) -> [Place] { places(keys, under: "", of: []) }

  private static func places(_ keys: [PolicyKey], under prefix: String, of kinds: [String]) -> [Place] {
    keys.flatMap { key in
      let path = prefix + key.name
      return [Place(path: path, key: key, kinds: kinds)] + inside(key.shape, path, kinds)
    }
  }

  private static func inside(_ shape: Shape, _ path: String, _ kinds: [String]) -> [Place] {
    switch shape {
    case .object(let keys): places(keys, under: "\(path).", of: kinds)
    case .named(let value, _, _): inside(value, "\(path).NAME", kinds)
    case .list(let element): inside(element, path, kinds)
    case .entry(let choice, _): inside(.kind(choice), "\(path).NAME", kinds)
    case .kind(let choice):
      places(choice.common, under: "\(path).", of: kinds)
        + merged(choice.kinds.flatMap { places($0.keys, under: "\(path).", of: [$0.name]) })
    default: []
    }
  }

  private static func merged(_ places: [Place]) -> [Place] {
    places.reduce(into: []) { kept, place in
      guard let twin = kept.firstIndex(where: { $0.path == place.path && $0.key.help == place.key.help }) else {
        return kept.append(place)
      }
      kept[twin] = Place(path: place.path, key: place.key, kinds: kept[twin].kinds + place.kinds)
    }
  }
}
