/// Keeps the end of what a program wrote, for a person who wants to know what happened.
struct LastLines {
  private var bytes: [UInt8] = []
  private static let most = 8 << 10

  mutating func take(_ more: ArraySlice<UInt8>) {
    bytes += more
    if bytes.count > 2 * Self.most { bytes.removeFirst(bytes.count - Self.most) }
  }

  /// The last lines that aren't blank, oldest first. Progress bars end lines by carriage returns.
  func lines(_ count: Int) -> [String] {
    let isCut = bytes.count >= Self.most
    let all = bytes.split(omittingEmptySubsequences: false) { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
    // What is left of a line that began earlier says little.
    let whole = isCut && all.count > 1 ? all.dropFirst() : all[...]
    return whole.filter { line in line.contains { $0 > 0x20 } }.suffix(count).map {
      String(decoding: $0, as: UTF8.self)
    }
  }
}
