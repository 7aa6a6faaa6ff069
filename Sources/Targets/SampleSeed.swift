import Core

extension TargetRequest {
  /// The seed that this sample is drawn from: it depends on the run's seed, the prompt and the sample index, and on
  /// nothing else, so a response doesn't depend on the batch around it.
  func sampleSeed(_ settings: SamplingSettings) -> UInt64 {
    var hash = StableHash.fnv1a(prompt.utf8)
    for word in [settings.seed ?? 0, UInt64(bitPattern: Int64(sampleIndex))] {
      hash = StableHash.fnv1a((0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }, from: hash)
    }
    // FNV leaves the last input's mark in the low bits; one generator step spreads it over all of them.
    var generator = SeededGenerator(seed: hash)
    return generator.next()
  }
}
