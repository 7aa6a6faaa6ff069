/// One of the parts that a run is dealt into, each for a process of its own.
public struct Shard: Hashable, Sendable, CustomStringConvertible {
  /// From 1.
  public let index: Int
  /// How many there are.
  public let count: Int

  /// Upper bound of `count`.
  public static let most = 10_000

  /// Nil for what is no part of a whole.
  public init?(index: Int, count: Int) {
    guard (1...Self.most).contains(count), (1...count).contains(index) else { return nil }
    (self.index, self.count) = (index, count)
  }

  /// Reads `2/7`.
  /// - Throws: `SluiceError` (usage) for anything else, naming where it stands.
  public init(_ text: String, in place: String = "--shard") throws {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let index = parts[0], let count = parts[1], let shard = Shard(index: index, count: count)
    else {
      throw SluiceError(
        .usage, "\(place) is '\(text)', which is no shard",
        remedy: "Write the shard and how many there are, counted from 1, as in 2/7; at most \(Self.most).")
    }
    self = shard
  }

  public var description: String { "\(index)/\(count)" }

  /// The path of this shard's own ledger: that of the run, with the shard before its extension.
  public func ledger(beside path: String) -> String {
    let name = path.lastNameOfPath
    // What names a folder is refused by its own name.
    guard path.utf8.last != UInt8(ascii: "/") else { return path }
    let place = String(decoding: path.utf8.dropLast(name.utf8.count), as: UTF8.self)
    let dot = name.lastIndex(of: ".").flatMap { $0 == name.startIndex ? nil : $0 } ?? name.endIndex
    return "\(place)\(name[..<dot]).shard-\(index)-of-\(count)\(name[dot...])"
  }

  /// Every shard of as many.
  public static func all(_ count: Int) -> [Shard] { (1...max(1, count)).compactMap { Shard(index: $0, count: count) } }
}
