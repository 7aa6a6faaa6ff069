import Core
import Foundation
import Testing

@testable import Attackers

@Suite("What a search keeps as bytes")
struct PackedTests {
  private struct Kept: Codable {
    @Packed var items: [Experience]
  }

  private static let items = [
    Experience(tokens: [5, 0, -1], prompt: "tell me 秘密", logUnsafe: -0.25, reference: [-1.5, -.infinity]),
    Experience(tokens: [], prompt: "", logUnsafe: -.infinity, reference: []),
  ]

  private static var bytes: [UInt8] {
    var bytes: [UInt8] = []
    items.pack(into: &bytes)
    return bytes
  }

  private static func unpacked(_ bytes: [UInt8]) -> [Experience]? {
    var reader = PackedBytes(Data(bytes))
    guard let items = [Experience](unpacking: &reader), reader.isAtEnd else { return nil }
    return items
  }

  @Test("comes back as it was, through JSON too")
  func roundTrip() throws {
    #expect(Self.unpacked(Self.bytes) == Self.items)
    let json = try JSONEncoder().encode(Kept(items: Self.items))
    #expect(try JSONDecoder().decode(Kept.self, from: json).items == Self.items)
  }

  @Test("is refused where it was cut, has more behind it, or is no text")
  func damaged() throws {
    let bytes = Self.bytes
    for count in bytes.indices { #expect(Self.unpacked(Array(bytes.prefix(count))) == nil, "\(count) bytes") }
    #expect(Self.unpacked(bytes + [0]) == nil)
    var noText = bytes
    noText[8] = 0xff
    #expect(Self.unpacked(noText) == nil)
    let short = try JSONEncoder().encode(["items": Data(bytes.dropLast())])
    #expect(throws: DecodingError.self) { try JSONDecoder().decode(Kept.self, from: short) }
  }

  @Test("never reads past its end, whatever its counts say")
  func hostileCounts() {
    var generator = SeededGenerator(seed: 1, stream: "packed")
    for _ in 0..<20_000 {
      var bytes = Self.bytes
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        bytes[Int.random(in: bytes.indices, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
      }
      guard let items = Self.unpacked(bytes) else { continue }
      #expect(items.count == 2)
    }
    #expect(Self.unpacked([0xff, 0xff, 0xff, 0xff]) == nil)
    #expect(Self.unpacked([2, 0, 0, 0]) == nil)
  }
}
