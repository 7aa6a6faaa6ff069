import Attackers
import Core
import Testing

@testable import AttackerWorkers

@Suite("Frames")
struct FrameTests {
  private static let frame = Frame(
    [.init("id", .integer(7)), .init("op", .string("sample")), .init("text", .string("où\n"))],
    [
      .init("f", .floats([0, -1.5, .infinity, .leastNonzeroMagnitude])), .init("i", .integers([.min, -1, 0, .max])),
      .init("w", .words([0, .max, 1 << 63])), .init("none", .floats([])),
    ])

  private func cut(_ bytes: [UInt8], _ size: Int, most: Int = 1 << 20) -> (frames: [[UInt8]], clause: String?) {
    let limit = FrameCutter.Limit()
    limit.most = most
    var cutter = FrameCutter(limit: limit)
    var frames: [[UInt8]] = []
    for start in stride(from: 0, to: bytes.count, by: size) {
      if let clause = cutter.take(bytes[start..<min(start + size, bytes.count)], found: { frames.append($0) }) {
        return (frames, clause)
      }
    }
    return (frames, cutter.isInside ? "inside" : nil)
  }

  @Test("keep every bit of header and arrays, however the stream is cut", arguments: [1, 2, 5, 11, 12, 13, 64, 10_000])
  func roundTrip(_ size: Int) throws {
    let bytes = Self.frame.encoded()
    let (frames, clause) = cut(bytes + bytes + bytes, size)
    #expect(frames == [bytes, bytes, bytes] && clause == nil)
    let read = try Frame(bytes)
    #expect(read.arrays == Self.frame.arrays)
    #expect(read["id"]?.integer == 7 && read["text"]?.string == "où\n" && read["arrays"] == nil)
    #expect(read.encoded() == bytes)
  }

  @Test("begin with the sizes of header and arrays, little-endian")
  func layout() {
    let bytes = Frame([.init("id", .integer(1))], [.init("f", .floats([1]))]).encoded()
    let header = "{\"id\":1,\"arrays\":[{\"name\":\"f\",\"type\":\"f32\",\"count\":1}]}"
    let expected: [UInt8] =
      [UInt8(header.utf8.count), 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0] + Array(header.utf8) + [0, 0, 0x80, 0x3f]
    #expect(bytes == expected)
  }

  @Test("longer than was expected end the stream before their arrays are read")
  func tooLong() {
    let bytes = Frame([], [.init("f", .floats([Float](repeating: 0, count: 100)))]).encoded()
    #expect(cut(bytes, 10_000, most: 400).clause == nil)
    let (frames, clause) = cut(Array(bytes.prefix(12)), 12, most: 399)
    #expect(frames.isEmpty && clause?.contains("400 bytes of numbers where 399 were expected") == true)
    #expect(cut(Array("HTTP/1.1 200 OK\r\n".utf8), 64).clause?.contains("what is no frame") == true)
  }

  @Test("whose parts don't fit together are refused in words")
  func hostile() {
    func frame(_ header: String, _ arrays: [UInt8] = []) -> [UInt8] {
      [UInt8(header.utf8.count), 0, 0, 0, UInt8(arrays.count), 0, 0, 0, 0, 0, 0, 0] + Array(header.utf8) + arrays
    }
    for bytes in [
      [], [1, 2, 3], Array(Self.frame.encoded().dropLast()), frame("[]"), frame("{"), frame("{}", [1]),
      frame("{\"arrays\":[{\"name\":\"f\",\"type\":\"f32\",\"count\":2}]}", [0, 0, 0, 0]),
      frame("{\"arrays\":[{\"name\":\"f\",\"type\":\"f32\",\"count\":-1}]}"),
      frame("{\"arrays\":[{\"name\":\"f\",\"type\":\"f32\",\"count\":9223372036854775807}]}"),
      frame("{\"arrays\":[{\"name\":\"f\",\"type\":\"f64\",\"count\":0}]}"), frame("{\"arrays\":[3]}"),
    ] {
      #expect(throws: FrameError.self) { try Frame(bytes) }
    }
  }

  @Test("hold sequences as tokens and lengths, which have to add up")
  func sequences() throws {
    let sequences: [[Int32]] = [[1, 2], [], [3]]
    #expect(try Frame([], Frame.arrays(sequences)).sequences() == sequences)
    for lengths: [Int32] in [[2, 2], [4, -1], [2]] {
      let frame = Frame([], [.init("tokens", .integers([1, 2, 3])), .init("lengths", .integers(lengths))])
      #expect(throws: FrameError.self) { try frame.sequences() }
    }
  }

  @Test("describe a model only with numbers that can be", arguments: [Int.min, -1, 0, 1, 1 << 40, .max])
  func description(_ number: Int) {
    func frame(context: Int, vocabulary: Int) -> Frame {
      Frame([
        .init("model", .string("m")), .init("context", .integer(context)), .init("vocabulary", .integer(vocabulary)),
        .init("end_tokens", .array([.integer(0)])),
      ])
    }
    #expect(throws: FrameError.self) { try EngineDescription(frame(context: 64, vocabulary: number)) }
    #expect(throws: FrameError.self) { try EngineDescription(frame(context: number, vocabulary: 64)) }
    #expect(throws: Never.self) { try EngineDescription(frame(context: 64, vocabulary: 64)) }
  }
}
