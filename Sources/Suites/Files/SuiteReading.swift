import Core

/// What a file of prompts gave, and what it was taken for.
public struct SuiteReading<Item: Sendable>: Sendable {
  /// What the file has, in its order.
  public let items: [Item]
  /// What the file was read as and what of it was left out, a sentence for check and reports; nil for Sluice's own JSON Lines.
  public let remark: String?
  /// What frameworks call attacks, for reports; of those that they call anything.
  public let tags: [AttackID: [String]]

  init(items: [Item], remark: String? = nil, tags: [AttackID: [String]] = [:]) {
    self.items = items
    self.remark = remark
    self.tags = tags
  }
}
