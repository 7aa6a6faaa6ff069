import Core
import Decisions
import Kinds

/// The policy format as JSON Schema (draft 2020-12), for editors; made from the validator's own tables, so that the two
/// can't say different things.
///
/// What depends on more than one section (a metric that needs a baseline) or on the disk is the validator's alone.
public struct PolicySchema {
  private let metrics: [Metric]

  /// Indented; the same bytes for the same version.
  /// - Throws: `InternalError` where a key's default isn't what the key takes.
  public static func json(_ kinds: Catalogue = .all) throws -> String {
    let identity = [
      JSON.Member("$schema", .string("https://json-schema.org/draft/2020-12/schema")),
      JSON.Member("title", .string("Sluice policy")),
      JSON.Member("description", .string("What a release gate asks, of whom, and what counts as good enough.")),
    ]
    let schema = PolicySchema(metrics: kinds.metrics)
    return try JSON.object(identity + schema.object(PolicyTable.root(kinds))).serialized(indent: 2)
  }

  /// `${VAR}` may stand wherever a single value may; what it holds is known only at run time.
  private static let variable = JSON.object([
    JSON.Member("type", .string("string")), JSON.Member("pattern", .string(#"\$\{"#)),
  ])

  private func members(_ shape: Shape) throws -> [JSON.Member] {
    switch shape {
    // YAML reads `1.2` as a number and `no` as a boolean; as names they are texts.
    case .text, .file, .folder, .checkpoint, .output: [JSON.Member("type", .strings(["string", "number", "boolean"]))]
    case .url, .servedURL: text(pattern: #"^https?://[^@]+$|\$\{"#)
    case .variable, .passedVariable: text(pattern: #"^[A-Za-z_][A-Za-z0-9_]*$|\$\{"#)
    case .template: text(pattern: #"\{prompt\}|\$\{"#)
    case .integer(let range):
      alternatives(
        "integer", .integer(range.lowerBound), range.upperBound == Int.max ? nil : .integer(range.upperBound))
    case .number(let range):
      alternatives(
        "number", .number(range.lowerBound), range.upperBound >= Metric.many ? nil : .number(range.upperBound),
        unbounded: range.upperBound >= Metric.many)
    case .toggle:
      [JSON.Member("enum", .array([.string("on"), .string("off"), .bool(true), .bool(false)]))]
    case .choice(let values): [JSON.Member("enum", .strings(values))]
    case .duration: text(pattern: #"^([0-9.]+d)?([0-9.]+h)?([0-9.]+m)?([0-9.]+s)?([0-9.]+ms)?$|\$\{"#)
    case .bytes:
      [JSON.Member("type", .strings(["string", "integer"]))]
        + [JSON.Member("pattern", .string(#"^[0-9]+ *(B|[KMG]i?B)?$|\$\{"#)), JSON.Member("minimum", .integer(1))]
    case .object(let keys): try object(keys)
    case .kind(let keys): try object(keys)
    case .named(let value, _, _):
      [
        JSON.Member("type", .string("object")),
        JSON.Member("propertyNames", .object([JSON.Member("pattern", .string("^[A-Za-z0-9_-]{1,64}$"))])),
        JSON.Member("additionalProperties", .object(try members(value))),
      ]
    case .headers:
      [
        JSON.Member("type", .string("object")),
        JSON.Member("propertyNames", .object([JSON.Member("pattern", .string("^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$"))])),
        JSON.Member("additionalProperties", .object(try members(.text))),
      ]
    case .entry(let keys, let brief):
      [
        JSON.Member(
          "anyOf",
          .array([
            .object(try members(.text)),
            .object([
              JSON.Member("type", .string("object")), JSON.Member("minProperties", .integer(1)),
              JSON.Member("maxProperties", .integer(1)),
              JSON.Member(
                "additionalProperties",
                .object([
                  JSON.Member("anyOf", .array([.object(try object(brief)), .object(try object(keys))]))
                ])),
            ]),
          ]))
      ]
    case .list(let item):
      [
        JSON.Member("type", .string("array")), JSON.Member("minItems", .integer(1)),
        JSON.Member("items", .object(try members(item))),
      ]
    }
  }

  private func text(pattern: String) -> [JSON.Member] {
    [JSON.Member("type", .string("string")), JSON.Member("pattern", .string(pattern))]
  }

  private func alternatives(
    _ type: String, _ low: JSON, _ high: JSON?, unbounded: Bool = false
  ) -> [JSON.Member] {
    var bounds = [JSON.Member("type", .string(type))]
    if !unbounded { bounds.append(JSON.Member("minimum", low)) }
    if let high { bounds.append(JSON.Member("maximum", high)) }
    return [JSON.Member("anyOf", .array([.object(bounds), Self.variable]))]
  }

  private func object(_ keys: [PolicyKey]) throws -> [JSON.Member] {
    try mapping(
      keys.map { JSON.Member($0.name, try property($0)) }, required: keys.filter(\.required).map(\.name),
      allOf: metricRules(keys))
  }

  /// A key of some kinds only is described with its kind; here it is merely known.
  private func object(_ keys: KindKeys) throws -> [JSON.Member] {
    let owned = keys.kinds.flatMap { $0.keys.map(\.name) }.reduce(into: [String]()) { names, name in
      if !names.contains(name) { names.append(name) }
    }
    func described(_ keys: [PolicyKey]) throws -> [JSON.Member] {
      try keys.map { JSON.Member($0.name, try property($0)) }
    }
    return try mapping(
      try described(keys.leading + [keys.selector]) + owned.map { JSON.Member($0, .bool(true)) }
        + described(keys.trailing), required: keys.common.filter(\.required).map(\.name),
      allOf: try kindRules(keys, owned: owned))
  }

  private func mapping(
    _ properties: [JSON.Member], required: [String], allOf rules: [JSON]?
  ) throws -> [JSON.Member] {
    [
      JSON.Member("type", .string("object")), JSON.Member("properties", .object(properties)),
      JSON.Member("required", .strings(required)), JSON.Member("additionalProperties", .bool(false)),
    ] + (rules.map { [JSON.Member("allOf", .array($0))] } ?? [])
  }

  private func property(_ key: PolicyKey) throws -> JSON {
    var result = [JSON.Member("description", .string(key.help))] + (try members(key.shape))
    if let fallback = key.fallback { result.append(JSON.Member("default", try typed(fallback, key))) }
    return .object(result)
  }

  private func typed(_ text: String, _ key: PolicyKey) throws -> JSON {
    let value: JSON? =
      switch key.shape {
      case .integer(let range): Int(text).flatMap { range.contains($0) ? .integer($0) : nil }
      case .number(let range): Double(text).flatMap { range.contains($0) ? .number($0) : nil }
      case .choice(let values): values.contains(text) ? .string(text) : nil
      case .toggle: Quantities.toggle(text).map { _ in .string(text) }
      case .duration: Quantities.seconds(text).map { _ in .string(text) }
      case .bytes: Quantities.bytes(text).map { _ in .string(text) }
      default: .string(text)
      }
    guard let value else { throw InternalError("the default of '\(key.name)' is not what it takes") }
    return value
  }

  /// For each `kind`, which keys go with it.
  private func kindRules(_ keys: KindKeys, owned: [String]) throws -> [JSON] {
    try keys.kinds.map { kind in
      let others = Set(owned).subtracting(kind.keys.map(\.name)).sorted()
      // An absent kind is its default, where it has one.
      let (either, required) = (
        kind.keys.filter { $0.required && !$0.unless.isEmpty }, kind.keys.filter { $0.required && $0.unless.isEmpty }
      )
      return rule(
        keys.selector.name, is: kind.name, orAbsent: keys.selector.fallback == kind.name,
        then: [
          JSON.Member("required", .strings(required.map(\.name)))
        ] + alternatives(either) + [
          JSON.Member(
            "properties",
            .object(
              try kind.keys.map { JSON.Member($0.name, try property($0)) }
                + others.map { JSON.Member($0, .bool(false)) }
            ))
        ])
    }
  }

  /// For each key that others make unnecessary, that one of them is there.
  private func alternatives(_ keys: [PolicyKey]) -> [JSON.Member] {
    let rules = keys.map { key in
      let names = [key.name] + key.unless
      return JSON.object([
        JSON.Member("anyOf", .array(names.map { .object([JSON.Member("required", .strings([$0]))]) }))
      ])
    }
    return rules.isEmpty ? [] : [JSON.Member("allOf", .array(rules))]
  }

  /// For each metric, which limits make sense and what narrows it.
  private func metricRules(_ keys: [PolicyKey]) -> [JSON]? {
    guard keys.contains(where: { $0.name == "metric" }) else { return nil }
    return metrics.map { metric in
      var bounds = [JSON.Member("minimum", .number(metric.range.lowerBound))]
      if metric.range.upperBound < Metric.many {
        bounds.append(JSON.Member("maximum", .number(metric.range.upperBound)))
      }
      let limits = ["at_least", "at_most"].map { JSON.Member($0, .object(bounds)) }
      let refused = Metric.narrowingKeys.filter { !metric.narrowing.contains($0) }.map { JSON.Member($0, .bool(false)) }
      let narrower =
        (metric.needs.contains(.transferTarget) ? ["target"] : [])
        + (metric.narrowing.contains("variant") ? ["variant"] : [])
      return rule(
        "metric", is: metric.name, orAbsent: false,
        then: [
          JSON.Member("description", .string("\(metric.explanation) Unit: \(metric.unit.name).")),
          JSON.Member("required", .strings([metric.direction.wantedLimit] + narrower)),
          JSON.Member("properties", .object(limits + refused)),
        ])
    }
  }

  private func rule(_ key: String, is value: String, orAbsent: Bool, then: [JSON.Member]) -> JSON {
    var condition = [
      JSON.Member(
        "properties", .object([JSON.Member(key, .object([JSON.Member("const", .string(value))]))]))
    ]
    if !orAbsent { condition.append(JSON.Member("required", .strings([key]))) }
    return .object([JSON.Member("if", .object(condition)), JSON.Member("then", .object(then))])
  }
}
