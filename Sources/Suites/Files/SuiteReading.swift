/// What a file of prompts gave, and what it was taken for.
public struct SuiteReading<Item: Sendable>: Sendable {
  public let items: [Item]
  /// What the file was read as and what of it was left out, a sentence for check and reports; nil for Sluice's own JSON Lines.
  public let remark: String?

  init(items: [Item], remark: String? = nil) {
    self.items = items
    self.remark = remark
  }
}
