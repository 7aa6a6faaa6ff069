import Core
import Foundation

/// What a search leaves for the next one: weights, optimizer moments, log Z, replay buffer, random state and step.
///
/// Stored as a JSON header (length first, 8 bytes little-endian) and raw little-endian float32.
struct AttackerState: Sendable {
  struct Header: Codable, Sendable {
    var version = Self.current
    let step: Int
    let optimizerStep: Int
    let logZ: LogPartition
    let generator: SeededGenerator
    let buffer: ReplayBuffer
    let minKThreshold: Double
    let parameters: Int

    static let current = 2
  }

  let header: Header
  let parameters: [Float]
  let first: [Float]
  let second: [Float]

  /// - Throws: `InternalError` when the header can't be encoded.
  func encoded() throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let json = try encoder.encode(header)
    var bytes = withUnsafeBytes(of: UInt64(json.count).littleEndian) { Array($0) }
    bytes.append(contentsOf: json)
    for floats in [parameters, first, second] {
      floats.withUnsafeBytes { bytes.append(contentsOf: $0) }
    }
    return bytes
  }

  init(header: Header, parameters: [Float], first: [Float], second: [Float]) {
    self.header = header
    self.parameters = parameters
    self.first = first
    self.second = second
  }

  /// - Throws: `SluiceError` (usage) when the bytes are no attacker state.
  init(_ bytes: [UInt8]) throws {
    let broken = SluiceError(
      .usage, "the stored attacker state can't be read",
      remedy: "Set attacker.warm_start: off once, or use another ledger.")
    guard bytes.count >= 8 else { throw broken }
    let length = bytes[0..<8].enumerated().reduce(UInt64(0)) { $0 | UInt64($1.element) << (8 * UInt64($1.offset)) }
    guard length <= UInt64(bytes.count - 8) else { throw broken }
    let body = 8 + Int(length)
    guard let header = try? JSONDecoder().decode(Header.self, from: Data(bytes[8..<body])),
      header.version == Header.current,
      header.logZ.isWhole, header.parameters >= 0, header.parameters <= (bytes.count - body) / 12,
      bytes.count - body == header.parameters * 12
    else { throw broken }
    func floats(_ part: Int) -> [Float] {
      bytes.withUnsafeBytes { raw in
        (0..<header.parameters).map {
          raw.loadUnaligned(fromByteOffset: body + 4 * (part * header.parameters + $0), as: Float.self)
        }
      }
    }
    self.init(header: header, parameters: floats(0), first: floats(1), second: floats(2))
  }
}
