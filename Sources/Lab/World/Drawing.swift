import Core

extension SeededGenerator {
  /// One of `items`, each equally likely; `items` is not empty.
  mutating func pick<Items: RandomAccessCollection>(_ items: Items) -> Items.Element {
    let offset = Int(next() % UInt64(items.count))
    return items[items.index(items.startIndex, offsetBy: offset)]
  }

  mutating func chance(_ probability: Double) -> Bool { uniformDouble() < probability }
}
