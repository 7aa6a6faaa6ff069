import Core
import Decisions
import Kinds

/// What the words of policies and reports mean, from the tables that reader, schema and decisions use.
public struct Glossary: Sendable {
  /// A word and what is known of it.
  public struct Entry: Hashable, Codable, Sendable {
    /// The word, as policies and reports write it.
    public let name: String
    /// `metric`, `exit code`, `policy key`, or what a kind is one of, for example `target`.
    public let type: String
    /// What it is or means, one or two sentences.
    public let text: String
    /// Names and values, in the order in which they are shown.
    public var facts: [Fact] = []

    /// Something more that is known of a word.
    public struct Fact: Hashable, Codable, Sendable {
      /// What is known, for example `unit`.
      public let name: String
      /// What it is, for people.
      public let value: String
    }
  }

  /// Exit codes, metrics, kinds, then the keys of policies.
  public let entries: [Entry]

  /// Gathers the words of a catalogue.
  public init(_ kinds: Catalogue = .all) {
    entries =
      ExitCode.allCases.map(Self.entry) + kinds.metrics.map(Self.entry) + Self.named(kinds)
      + KeyPaths.all(PolicyTable.root(kinds)).map(Self.entry)
  }

  /// The entries that a word stands for: a name as it is; a check by its metric (`replay.asr[category=x]`); a key or a metric by
  /// its end (`asr`).
  /// - Throws: `SluiceError` (usage) where there are none, with the nearest name.
  public func entries(for word: String) throws(SluiceError) -> [Entry] {
    let plain = word.prefix { $0 != "[" }.lowercased()
    let exact = entries.filter { $0.name.lowercased() == plain }
    if !exact.isEmpty { return exact }
    let ends = entries.filter { $0.name.lowercased().hasSuffix(".\(plain)") }
    if !ends.isEmpty { return ends }
    let near = nearest(String(plain), in: entries.map(\.name))
    throw SluiceError(
      .usage, "nothing here is called \(quoted(word))",
      remedy: (near.map { "Did you mean '\($0)'? " } ?? "") + "`sluice explain` lists all there is.")
  }

  static let key = "policy key"

  private static func entry(_ code: ExitCode) -> Entry {
    Entry(
      name: "\(code.rawValue)", type: "exit code", text: "\(code.title). \(code.meaning)".capitalizedSentence,
      facts: [.init(name: "what to do", value: code.remedy)])
  }

  private static func entry(_ metric: Metric) -> Entry {
    let limit = metric.direction.wantedLimit
    var facts = [
      Entry.Fact(name: "title", value: metric.title), Entry.Fact(name: "stage", value: metric.stage),
      Entry.Fact(name: "unit", value: "\(metric.unit.name), \(metric.direction.better) is better"),
    ]
    if !metric.needs.isEmpty {
      facts.append(.init(name: "needs", value: metric.needs.map(\.phrase).joined(separator: ", ")))
    }
    if !metric.narrowing.isEmpty {
      facts.append(.init(name: "narrowed by", value: metric.narrowing.sorted().joined(separator: ", ")))
    }
    if metric.isAboutTheRun {
      facts.append(.init(name: "verdict", value: "outside its limit the run is inconclusive, never a fail"))
    }
    facts.append(.init(name: "example", value: "- {metric: \(metric.name), \(limit): …}"))
    return Entry(name: metric.name, type: "metric", text: metric.explanation, facts: facts)
  }

  /// Targets, judges, methods and the like by their names.
  private static func named(_ kinds: Catalogue) -> [Entry] {
    func entries(_ all: [any PolicyKind], _ type: String) -> [Entry] {
      all.map { Entry(name: $0.name, type: type, text: "\($0.summary.capitalizedSentence).") }
    }
    return entries(kinds.targets, "target") + entries(kinds.judges, "judge") + entries(kinds.methods, "attack method")
      + entries(kinds.objectives, "objective") + entries(kinds.tuners, "tuner") + entries(kinds.reporters, "report")
  }

  private static func requirement(_ key: PolicyKey) -> String {
    key.unless.isEmpty ? "yes" : "unless there is " + key.unless.map { "'\($0)'" }.joined(separator: " or ")
  }

  private static func entry(_ place: KeyPaths.Place) -> Entry {
    var facts = [Entry.Fact(name: "value", value: place.key.shape.expectation)]
    if case .choice(let values) = place.key.shape {
      facts = [.init(name: "value", value: "one of \(values.joined(separator: ", "))")]
    }
    if !place.kinds.isEmpty { facts.append(.init(name: "of kind", value: place.kinds.joined(separator: ", "))) }
    if place.key.required {
      facts.append(.init(name: "required", value: Self.requirement(place.key)))
    }
    if let fallback = place.key.fallback { facts.append(.init(name: "default", value: fallback)) }
    return Entry(name: place.path, type: key, text: place.key.help, facts: facts)
  }
}

extension Metric.Need {
  fileprivate var phrase: String {
    switch self {
    case .attacker: "attacker"
    case .baseline: "targets.baseline"
    case .control: "targets.control"
    case .weaknesses: "targets.control.weaknesses"
    case .benign: "suite.benign"
    case .transferTarget: "targets.transfer"
    case .tuning: "tuning"
    }
  }
}

extension String {
  /// The same with a capital at its start.
  fileprivate var capitalizedSentence: String { prefix(1).uppercased() + dropFirst() }
}
