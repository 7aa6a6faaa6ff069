import Core
import Foundation

extension Rotary {
  /// The rotation that a GGUF file's metadata state, of layers that see everything.
  ///
  /// - Parameters:
  ///   - name: of the architecture, which keys begin with.
  ///   - headSize: D.
  ///   - maySplit: whether a part of a head may be turned alone.
  ///   - context: of the model; made shorter where the frequencies would be others beyond.
  /// - Throws: `SluiceError` (usage) for a kind of scaling or a setting that isn't supported.
  init(_ file: GGUFFile, _ name: String, headSize: Int, maySplit: Bool, context: inout Int) throws {
    self.init(base: try file.number("\(name).rope.freq_base", in: 1e-6...1e12) ?? 10_000)
    if let turned = try file.integer("\(name).rope.dimension_count", in: 0...65_536), turned != headSize {
      guard maySplit, turned > 1, turned % 2 == 0, turned < headSize else {
        throw file.error("rotary positions over \(turned) of \(headSize) dimensions are not supported")
      }
      dimensions = turned
    }
    let scaling = "\(name).rope.scaling."
    func number(_ key: String, in range: ClosedRange<Double>) throws -> Double {
      try file.required(scaling + key, file.number(scaling + key, in: range))
    }
    switch try file.string(scaling + "type") ?? "none" {
    case "none", "longrope": break
    case "linear": self.scaling = .linear(factor: try number("factor", in: 1e-6...1e6))
    case "yarn":
      let factor = try number("factor", in: 1e-6...1e6)
      var yarn = YaRN(factor: factor, originalContext: try number("original_context_length", in: 1...1e9))
      yarn.fastTurns = try file.number(scaling + "yarn_beta_fast", in: 1e-6...1e6) ?? yarn.fastTurns
      yarn.slowTurns = try file.number(scaling + "yarn_beta_slow", in: 1e-6...1e6) ?? yarn.slowTurns
      // Settings of other models' variants, at the values that leave the paper's.
      for (key, usual) in [
        ("attn_factor", 1), ("yarn_attn_factor", 1), ("yarn_ext_factor", 1), ("yarn_log_multiplier", 0),
      ] as [(String, Double)] {
        if let stated = try file.number(scaling + key, in: -1e9...1e9), stated != usual {
          throw file.error("\(scaling)\(key) is not supported")
        }
      }
      self.scaling = .yarn(yarn)
      magnitude = YaRN.magnitude(factor)
    case let type: throw file.error("rotary scaling of type \(brief(type)) is not supported")
    }
    if let factors = try file.rotaryFactors("rope_freqs.weight", count: (dimensions ?? headSize) / 2) {
      self.scaling = .factors(factors)
    }
    // Phi-3's; those for texts beyond the original context would give the same tokens other states.
    if let factors = try file.rotaryFactors("rope_factors_short.weight", count: (dimensions ?? headSize) / 2) {
      self.scaling = .factors(factors)
      magnitude = try file.number(scaling + "attn_factor", in: 1e-6...1e6) ?? 1
      let key = scaling + "original_context_length"
      context = min(context, try file.required(key, file.integer(key, in: Architecture.sizes)))
    }
  }
}

extension GGUFFile {
  /// What each frequency is divided by [`count`]; nil where the file has no such tensor.
  fileprivate func rotaryFactors(_ name: String, count: Int) throws -> [Float]? {
    guard let factors = tensors[name] else { return nil }
    guard factors.shape == [count] else {
      throw error("\(name) has shape \(factors.shape); \(count) were expected")
    }
    var values = [Float](repeating: 0, count: count)
    try values.withUnsafeMutableBufferPointer { try read(name, into: $0) }
    guard values.allSatisfy({ $0 > 0 }) else { throw error("\(name) holds a factor that isn't positive") }
    return values
  }
}
