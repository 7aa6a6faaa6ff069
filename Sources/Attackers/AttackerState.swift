import Core
import Foundation
import LanguageModels

/// What a search leaves for the next one: weights, log Z, replay buffer, random state and step.
///
/// Stored as a JSON header (length first, 8 bytes little-endian) and the weights as bfloat16: all upper bytes, then all
/// lower ones, since only the former compress. A search begins at another target, so the optimizer's moments would be of
/// gradients that are gone; it begins with none.
struct AttackerState: Sendable {
  struct Header: Codable, Sendable {
    var version = Self.current
    let step: Int
    let logZ: LogPartition
    let generator: SeededGenerator
    var buffer: ReplayBuffer
    let minKThreshold: Double
    let parameters: Int

    static let current = 3
    /// Float32 weights and both moments of the optimizer behind them.
    static let withMoments = 2
  }

  let header: Header
  let parameters: [Float]

  /// - Throws: `InternalError` when the header can't be encoded.
  func encoded() throws -> [UInt8] {
    var bytes = try Self.encoded(header)
    let halves = parameters.map(HalfPrecision.brain)
    bytes.append(contentsOf: halves.map { UInt8($0 >> 8) })
    bytes.append(contentsOf: halves.map { UInt8(truncatingIfNeeded: $0) })
    return bytes
  }

  fileprivate static func encoded(_ header: Header) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return HeadedBytes.joined(Array(try encoder.encode(header)))
  }

  init(header: Header, parameters: [Float]) {
    self.header = header
    self.parameters = parameters
  }

  /// - Throws: `SluiceError` (usage) when the bytes are no attacker state.
  init(_ bytes: [UInt8]) throws {
    let (header, body) = try Self.split(bytes)
    let count = header.parameters
    let width = header.version == Header.current ? 2 : 12
    guard count >= 0, count <= (bytes.count - body) / width, bytes.count - body == count * width else {
      throw Self.broken
    }
    let parameters = bytes.withUnsafeBytes { raw in
      (0..<count).map { index in
        header.version == Header.current
          ? HalfPrecision.float(brain: UInt16(raw[body + index]) << 8 | UInt16(raw[body + count + index]))
          : raw.loadUnaligned(fromByteOffset: body + 4 * index, as: Float.self)
      }
    }
    self.init(header: header, parameters: parameters)
  }

  private static let broken = SluiceError(
    .usage, "the stored attacker state can't be read",
    remedy: "Set attacker.warm_start: off once, or use another ledger.")

  /// The header, and where the weights begin.
  fileprivate static func split(_ bytes: [UInt8]) throws -> (header: Header, body: Int) {
    guard let parts = HeadedBytes(bytes) else { throw broken }
    guard let header = try? JSONDecoder().decode(Header.self, from: Data(parts.header)),
      header.version == Header.current || header.version == Header.withMoments, header.logZ.isWhole
    else { throw broken }
    return (header, parts.body.startIndex)
  }
}

/// The states that searches return, for those who keep them.
public enum StoredAttackerState {
  /// Takes prompts out of a state's replay buffer; weights and all else stay.
  /// - Returns: nil where it remembers none of them.
  /// - Throws: `SluiceError` (usage) when the bytes are no attacker state.
  public static func without(_ prompts: Set<String>, in bytes: [UInt8]) throws -> [UInt8]? {
    let (header, body) = try AttackerState.split(bytes)
    var bare = header
    bare.buffer.forget(prompts)
    if bare.buffer.items.count == header.buffer.items.count { return nil }
    return try AttackerState.encoded(bare) + bytes[body...]
  }
}
