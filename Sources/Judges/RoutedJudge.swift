import Core
import Kinds

/// Sends each response to the judge of its locale and category: what is unacceptable differs by culture and trade.
public struct RoutedJudge: CompositeJudge {
  /// Which attacks a judge is for. Empty lists ask for nothing.
  public struct Route: Sendable {
    /// BCP 47 tags; `de` is for `de-AT` too.
    public let locales: [String]
    /// Categories of attacks, as the suite names them.
    public let categories: [String]
    /// What judges them.
    public let judge: any Judge

    public init(locales: [String], categories: [String], judge: any Judge) {
      self.locales = locales
      self.categories = categories
      self.judge = judge
    }

    /// Whether the route is for an attack of this category and language.
    public func takes(category: String?, locale: String?) -> Bool {
      let fits = locales.isEmpty || locale.map { locale in locales.contains { Self.covers($0, locale) } } ?? false
      return fits && (categories.isEmpty || category.map(categories.contains) ?? false)
    }

    private static func covers(_ range: String, _ tag: String) -> Bool {
      let (range, tag) = (range.lowercased(), tag.lowercased())
      return tag == range || tag.hasPrefix(range + "-")
    }
  }

  public let name: String
  public let fingerprint: String
  /// Members' scores are rescaled so that each one's threshold lies here.
  public var threshold: Double { 0.5 }
  public let members: [any Judge]
  public var combination: VerdictRule.Combination { .routed }

  private let routes: [Route]
  private let hasFallback: Bool

  /// - Parameters:
  ///   - routes: the first that takes an attack judges its responses.
  ///   - fallback: for attacks that no route takes; without one their responses are unscored.
  ///   - hash: makes the fingerprint of routes and members.
  public init(routes: [Route], fallback: (any Judge)?, hash: (String) -> String) {
    self.routes = routes
    hasFallback = fallback != nil
    members = routes.map(\.judge) + [fallback].compactMap(\.self)
    let names = members.map(\.name).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
    name = "routed to " + names.joined(separator: ", ")
    let parts =
      routes.flatMap { [$0.locales.joined(separator: ","), $0.categories.joined(separator: ",")] }
      + members.flatMap { [$0.fingerprint, "\($0.threshold)"] } + ["\(fallback != nil)"]
    fingerprint = "routed:" + hash(parts.map { "\($0.utf8.count):\($0)" }.joined())
  }

  public func assignments(_ inputs: [JudgeInput]) -> [[Int]] {
    var result = members.map { _ in [Int]() }
    for (index, input) in inputs.enumerated() {
      if let member = member(category: input.category, locale: input.locale) { result[member].append(index) }
    }
    return result
  }

  public func combine(_ scores: [[Score?]], of inputs: [JudgeInput]) -> [Score] {
    inputs.enumerated().map { index, input in
      guard let member = member(category: input.category, locale: input.locale) else {
        return .unscored(reason: "no judge is routed to this category and locale")
      }
      switch scores[member][index] {
      case .scored(let p, let category)?:
        return .scored(
          VerdictRule.Combination.rescaled(p, threshold: members[member].threshold), category: category)
      case .unscored(let reason)?: return .unscored(reason: reason)
      case nil: return .unscored(reason: "no score")
      }
    }
  }

  private func member(category: String?, locale: String?) -> Int? {
    routes.firstIndex { $0.takes(category: category, locale: locale) } ?? (hasFallback ? routes.count : nil)
  }

}

extension JudgeKind {
  static let routed = JudgeKind(
    name: "routed", summary: "one for each locale and category", rank: 2,
    keys: { members in
      [
        PolicyKey(
          name: "routes",
          shape: .list(
            .object([
              PolicyKey(name: "locales", shape: .list(.text), help: "BCP 47 tags; de is for de-AT too."),
              PolicyKey(name: "categories", shape: .list(.text), help: "Categories of attacks."),
              PolicyKey(name: "judge", shape: .kind(members.keys()), required: true, help: "Who judges those."),
            ])), required: true, help: "The first route that takes an attack judges its responses."),
        PolicyKey(
          name: "otherwise", shape: .kind(members.keys()),
          help: "For attacks that no route takes (needed with an attacker: fresh attacks have no category yet)."),
      ]
    },
    read: { section, kinds, problems in
      let routes = section.sections("routes").compactMap { route -> RoutedJudge.Recipe.Route? in
        problems.require(
          route.has("locales") || route.has("categories"), "\(route.described) takes everything", at: route.place,
          remedy: "Give locales or categories, or move its judge to otherwise.")
        guard let judge = route.child("judge").flatMap({ kinds.read($0, &problems) }) else { return nil }
        return .init(locales: route.list("locales"), categories: route.list("categories"), judge: judge)
      }
      let otherwise = section.child("otherwise").flatMap { kinds.read($0, &problems) }
      return RoutedJudge.Recipe(routes: routes, otherwise: otherwise)
    })
}

extension RoutedJudge {
  struct Recipe: JudgeRecipe {
    struct Route: Sendable, Hashable {
      /// BCP 47 tags; empty for any.
      let locales: [String]
      /// Empty for any.
      let categories: [String]
      let judge: JudgeChoice
    }

    let routes: [Route]
    /// For attacks that no route takes.
    let otherwise: JudgeChoice?

    var members: [JudgeChoice] { routes.map(\.judge) + [otherwise].compactMap(\.self) }

    var remedyForUnjudged: String? {
      otherwise == nil ? "Add otherwise: {…} with the judge of everything that no route takes." : nil
    }

    func make(_ context: JudgeContext) throws -> any Judge {
      RoutedJudge(
        routes: try routes.map {
          RoutedJudge.Route(locales: $0.locales, categories: $0.categories, judge: try $0.judge.recipe.make(context))
        }, fallback: try otherwise.map { try $0.recipe.make(context) }, hash: context.digest)
    }
  }
}
