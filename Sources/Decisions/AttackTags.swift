import Core

/// What frameworks call attacks (`owasp:llm01`, `atlas:AML.T0051`): tags of single attacks, and those of whole categories.
public struct AttackTags: Hashable, Sendable {
  private let attacks: [AttackID: [String]]
  private let categories: [String: [String]]

  /// - Parameters:
  ///   - attacks: tags of the suite's lines; attacks without any may be left out.
  ///   - categories: tags of the policy's categories.
  public init(attacks: [AttackID: [String]] = [:], categories: [String: [String]] = [:]) {
    self.attacks = attacks
    self.categories = categories
  }

  /// Whether neither an attack nor a category carries a tag.
  public var isEmpty: Bool { attacks.isEmpty && categories.isEmpty }

  /// Each once, those of the attack first.
  func of(_ attack: Attack) -> [String] {
    let own = attacks[attack.id] ?? []
    guard let shared = attack.category.flatMap({ categories[$0] }) else { return own }
    return own + shared.filter { !own.contains($0) }
  }
}
