import Core
import Foundation
import Synchronization
import Tensors

/// Which frequencies rotary positions turn with. D = head size, R = dimensions of a head that turn.
public struct Rotary: Hashable, Sendable {
  /// How a model that was trained on short texts was stretched to long ones.
  public enum Scaling: Hashable, Sendable {
    /// It was not stretched.
    case none
    /// All frequencies divided by one factor.
    case linear(factor: Double)
    /// Low frequencies divided, high ones kept, those between interpolated (Llama 3.1).
    case llama3(factor: Double, lowFrequency: Double, highFrequency: Double, originalContext: Double)
    /// Frequencies below a number of turns in the original context divided, those above another kept, those between mixed.
    case yarn(YaRN)
    /// Each frequency divided by its own factor [R/2]: LongRoPE's within the original context, and GGUF files' own.
    case factors([Float])
  }

  /// YaRN (Peng et al., 2023, arXiv 2309.00071).
  public struct YaRN: Hashable, Sendable {
    /// How many times longer the context became.
    public var factor: Double
    /// Tokens of the context before.
    public var originalContext: Double
    /// Turns in the original context from which on a frequency is kept.
    public var fastTurns = 32.0
    /// Turns up to which a frequency is divided.
    public var slowTurns = 1.0
    /// Whether the bounds between the two are whole dimensions.
    public var truncates = true

    public init(factor: Double, originalContext: Double) {
      self.factor = factor
      self.originalContext = originalContext
    }

    /// The factor on queries and keys that the paper recommends.
    static func magnitude(_ factor: Double, weight: Double = 1) -> Double {
      factor <= 1 ? 1 : 0.1 * weight * log(factor) + 1
    }
  }

  /// θ: frequency i is θ^(−2i/R).
  public var base: Double
  /// How frequencies were changed for longer texts.
  public var scaling: Scaling
  /// R; nil for D.
  public var dimensions: Int?
  /// Factor on what is turned.
  public var magnitude = 1.0

  public init(base: Double, scaling: Scaling = .none) {
    self.base = base
    self.scaling = scaling
  }

  /// Radians a position [R/2]: base^(−2i/R), scaled.
  func frequencies(headSize: Int) -> [Float] {
    let size = dimensions ?? headSize
    return (0..<size / 2).map { i in
      let plain = 1 / pow(base, Double(2 * i) / Double(size))
      switch scaling {
      case .none: return Float(plain)
      case .linear(let factor): return Float(plain / factor)
      case .factors(let factors): return Float(plain) / (factors.indices.contains(i) ? factors[i] : 1)
      case .yarn(let yarn):
        let kept = 1 - share(of: i, yarn, size: size)
        return Float(plain / yarn.factor * (1 - kept) + plain * kept)
      case .llama3(let factor, let low, let high, let context):
        let wavelength = 2 * Double.pi / plain
        if wavelength > context / low { return Float(plain / factor) }
        if wavelength < context / high { return Float(plain) }
        let share = (context / wavelength - low) / (high - low)
        return Float((1 - share) * plain / factor + share * plain)
      }
    }
  }

  /// How much of frequency `i` is divided: from 0 for fast ones to 1 for slow ones.
  private func share(of i: Int, _ yarn: YaRN, size: Int) -> Double {
    func dimension(turns: Double) -> Double {
      Double(size) * log(yarn.originalContext / (turns * 2 * .pi)) / (2 * log(base))
    }
    var (low, high) = (dimension(turns: yarn.fastTurns), dimension(turns: yarn.slowTurns))
    if yarn.truncates { (low, high) = (low.rounded(.down), high.rounded(.up)) }
    (low, high) = (max(low, 0), min(high, Double(size - 1)))
    if low == high { high += 0.001 }
    return min(max((Double(i) - low) / (high - low), 0), 1)
  }
}

/// The cosines and sines of one kind of rotation, made as far as they are asked for.
final class RotaryCache: Sendable {
  private let frequencies: [Float]
  private let limit: Int
  private let magnitude: Float
  private let table: Mutex<RotaryTable>

  init(_ rotary: Rotary, headSize: Int, context: Int) {
    frequencies = rotary.frequencies(headSize: headSize)
    limit = context
    magnitude = Float(rotary.magnitude)
    table = Mutex(RotaryTable(frequencies: frequencies, positions: 0))
  }

  /// A table for at least `positions` positions.
  func table(positions: Int) -> RotaryTable {
    table.withLock { table in
      if table.positions < positions {
        // Doubled, so that a decoder that goes on token by token doesn't make it anew each time.
        let wanted = max(positions, min(limit, max(256, 2 * table.positions)))
        table = RotaryTable(frequencies: frequencies, positions: wanted, magnitude: magnitude)
      }
      return table
    }
  }
}
