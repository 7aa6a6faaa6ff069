/// A sequence that is looked for in others, in time linear in both (Knuth, Morris and Pratt, "Fast pattern matching in
/// strings", SIAM Journal on Computing 6, 1977).
struct TextPattern<Element: Equatable> {
  private let wanted: [Element]
  /// For each beginning of the pattern, the longest shorter one that it ends with.
  private let borders: [Int]

  init(_ wanted: [Element]) {
    var borders = [Int](repeating: 0, count: wanted.count)
    var length = 0
    for index in wanted.indices.dropFirst() {
      while length > 0, wanted[index] != wanted[length] { length = borders[length - 1] }
      if wanted[index] == wanted[length] { length += 1 }
      borders[index] = length
    }
    self.wanted = wanted
    self.borders = borders
  }

  var count: Int { wanted.count }

  /// Where the pattern begins first, as an index of `elements`; an empty one begins everything.
  func firstIndex(in elements: ArraySlice<Element>) -> Int? {
    guard !wanted.isEmpty else { return elements.startIndex }
    var length = 0
    for (index, element) in zip(elements.indices, elements) {
      while length > 0, element != wanted[length] { length = borders[length - 1] }
      if element == wanted[length] { length += 1 }
      if length == wanted.count { return index + 1 - length }
    }
    return nil
  }
}

extension TextPattern<UInt8> {
  /// Parts of `bytes` between places of the pattern, which don't overlap.
  /// - Parameters:
  ///   - limit: places at most.
  ///   - onPart: called with each part, from the front.
  func split(_ bytes: [UInt8], limit: Int, onPart: (ArraySlice<UInt8>) throws -> Void) rethrows {
    var rest = bytes[...]
    var places = 0
    while places < limit, let place = firstIndex(in: rest) {
      try onPart(rest[..<place])
      rest = rest[(place + count)...]
      places += 1
    }
    try onPart(rest)
  }
}
