import Core
import Foundation
import Synchronization
import Tensors

/// Which frequencies rotary positions turn with.
public struct Rotary: Hashable, Sendable {
  /// How a model that was trained on short texts was stretched to long ones.
  public enum Scaling: Hashable, Sendable {
    case none
    /// All frequencies divided by one factor.
    case linear(factor: Double)
    /// Low frequencies divided, high ones kept, those between interpolated (Llama 3.1).
    case llama3(factor: Double, lowFrequency: Double, highFrequency: Double, originalContext: Double)
    /// Each frequency divided by its own factor [D/2], as GGUF files state it.
    case factors([Float])
  }

  public var base: Double
  public var scaling: Scaling

  public init(base: Double, scaling: Scaling = .none) {
    self.base = base
    self.scaling = scaling
  }

  /// Radians a position [D/2]: base^(−2i/D), scaled.
  func frequencies(headSize: Int) -> [Float] {
    (0..<headSize / 2).map { i in
      let plain = 1 / pow(base, Double(2 * i) / Double(headSize))
      switch scaling {
      case .none: return Float(plain)
      case .linear(let factor): return Float(plain / factor)
      case .factors(let factors): return Float(plain) / (factors.indices.contains(i) ? factors[i] : 1)
      case .llama3(let factor, let low, let high, let context):
        let wavelength = 2 * Double.pi / plain
        if wavelength > context / low { return Float(plain / factor) }
        if wavelength < context / high { return Float(plain) }
        let share = (context / wavelength - low) / (high - low)
        return Float((1 - share) * plain / factor + share * plain)
      }
    }
  }
}

extension Rotary {
  /// From a `config.json` as transformers 4 writes it (`rope_theta`, `rope_scaling`) or as 5 does (`rope_parameters`),
  /// or from the object of the latter itself.
  /// - Throws: `SluiceError` (usage) for a kind of scaling that isn't supported.
  init(_ configuration: CheckpointConfiguration, defaultBase: Double) throws {
    let parameters = try configuration.object("rope_parameters")
    let scaling = try parameters ?? configuration.object("rope_scaling") ?? configuration
    if try (parameters ?? configuration).double("partial_rotary_factor", default: 1) != 1 {
      throw configuration.error("partial_rotary_factor is not supported")
    }
    let bases = 1e-6...1e12
    base =
      try parameters?.optionalDouble("rope_theta", in: bases)
      ?? configuration.double("rope_theta", default: defaultBase, in: bases)
    let kind = try scaling.optionalString("rope_type") ?? scaling.string("type", default: "default")
    let factors = 1e-6...1e6
    switch kind {
    case "default": self.scaling = .none
    case "linear": self.scaling = .linear(factor: try scaling.double("factor", in: factors))
    case "llama3":
      self.scaling = .llama3(
        factor: try scaling.double("factor", in: factors),
        lowFrequency: try scaling.double("low_freq_factor", in: factors),
        highFrequency: try scaling.double("high_freq_factor", in: factors),
        originalContext: try scaling.double("original_max_position_embeddings", in: 1...1e9))
    default: throw scaling.error("rotary scaling of type \(brief(kind)) is not supported")
    }
  }

  /// - Throws: `SluiceError` for scaling that no `config.json` can state.
  func write(to entries: inout [String: Any]) throws {
    entries["rope_theta"] = base
    switch scaling {
    case .none: break
    case .linear(let factor): entries["rope_scaling"] = ["rope_type": "linear", "factor": factor]
    case .llama3(let factor, let low, let high, let context):
      entries["rope_scaling"] = [
        "rope_type": "llama3", "factor": factor, "low_freq_factor": low, "high_freq_factor": high,
        "original_max_position_embeddings": Int(context),
      ]
    case .factors:
      throw SluiceError(
        .usage, "the rotary scaling of this GGUF file can't be written to a config.json",
        remedy: "Start from the model's Hugging Face folder.")
    }
  }
}

/// The cosines and sines of one kind of rotation, made as far as they are asked for.
final class RotaryCache: Sendable {
  private let frequencies: [Float]
  private let limit: Int
  private let table: Mutex<RotaryTable>

  init(_ rotary: Rotary, headSize: Int, context: Int) {
    frequencies = rotary.frequencies(headSize: headSize)
    limit = context
    table = Mutex(RotaryTable(frequencies: frequencies, positions: 0))
  }

  /// A table for at least `positions` positions.
  func table(positions: Int) -> RotaryTable {
    table.withLock { table in
      if table.positions < positions {
        // Doubled, so that a decoder that goes on token by token doesn't make it anew each time.
        let wanted = max(positions, min(limit, max(256, 2 * table.positions)))
        table = RotaryTable(frequencies: frequencies, positions: wanted)
      }
      return table
    }
  }
}
