import Foundation

/// Unicode's composed form (NFC), in which `e` and U+0301 are one `é`.
struct CanonicalComposer: Sendable {
  /// Below, characters stay as they are and compose with nothing before them.
  private static let firstComposing: UInt32 = 0x300

  /// Foundation's composition is quadratic in the length, so it gets a stretch at a time: up to a character that
  /// composes with nothing before it.
  func compose(_ text: [UInt8]) -> [UInt8] {
    // All of these are below U+0300.
    if text.allSatisfy({ $0 < 0xcc }) { return text }
    var composed: [UInt8] = []
    composed.reserveCapacity(text.count)
    var start = 0
    var offset = 0
    var length = 0
    while offset < text.count {
      let next = text.scalar(at: offset)
      if length >= 1024 || (length >= 32 && next.scalar.value < Self.firstComposing) {
        append(text[start..<offset], to: &composed)
        start = offset
        length = 0
      }
      offset = next.end
      length += 1
    }
    append(text[start...], to: &composed)
    return composed
  }

  private func append(_ stretch: ArraySlice<UInt8>, to composed: inout [UInt8]) {
    let text = String(decoding: stretch, as: UTF8.self).precomposedStringWithCanonicalMapping
    composed += withWholeSyllables(text).utf8
  }

  /// Foundation leaves a Hangul syllable of two letters and the final consonant behind it apart; Unicode composes them
  /// (The Unicode Standard, 3.12).
  private func withWholeSyllables(_ text: String) -> String {
    let finals: ClosedRange<Unicode.Scalar> = "\u{11a8}"..."\u{11c2}"
    guard text.unicodeScalars.contains(where: finals.contains) else { return text }
    var result = String.UnicodeScalarView()
    var previous: UInt32 = 0
    for scalar in text.unicodeScalars {
      let isOpen = (0xac00...0xd7a3).contains(previous) && (previous - 0xac00) % 28 == 0
      if isOpen, finals.contains(scalar), let whole = Unicode.Scalar(previous + scalar.value - 0x11a7) {
        result.removeLast()
        result.append(whole)
        previous = whole.value
      } else {
        result.append(scalar)
        previous = scalar.value
      }
    }
    return String(result)
  }
}
