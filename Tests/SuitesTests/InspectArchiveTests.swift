import Core
import FakeServer
import Policies
import Testing

@testable import Suites

@Suite("Inspect's archives")
struct InspectArchiveTests {
  private let place: TemporaryFolder
  private let score = UnsafeScore(name: "harm", end: .high)

  init() throws { place = try TemporaryFolder() }

  private func sample(_ id: Int, _ value: Int, _ more: String = "") -> String {
    #"{"id": \#(id), "epoch": 1, "input": "say \#(id)", "target": "", "scores": {"harm": {"value": \#(value)}}, "#
      + #""output": {"choices": [{"message": {"content": "no"}}]}, "messages": []\#(more)}"#
  }

  private func header(_ samples: Int) -> String {
    #"{"status": "success", "eval": {"model": "next"}, "results": {"total_samples": \#(samples)}}"#
  }

  private func read(_ bytes: [UInt8], _ name: String = "log.eval") throws -> HarnessLog.Reading? {
    try place.write(bytes, to: name)
    return try HarnessLog.outcomes("\(place.path)/\(name)", role: .candidate, score: score)
  }

  private func read(_ members: [PlainZip.Member]) throws -> HarnessLog.Reading? {
    try read(PlainZip(members: members).bytes)
  }

  private func message(_ body: () throws -> HarnessLog.Reading?) -> String? {
    do {
      _ = try body()
      return nil
    } catch let error as PolicyErrors {
      let first = error.errors.first
      return first.map { $0.exitCode == .usage && $0.remedy != nil ? $0.message : "not for people: \($0)" }
    } catch { return "no error for people: \(error)" }
  }

  @Test("are read whichever way their members are packed, and whatever they are called")
  func packed() throws {
    for (name, bytes) in [("zstandard", PackedLogs.zstandard), ("deflate", PackedLogs.deflated)] {
      let reading = try read(bytes, "\(name).log")
      #expect(reading?.harness == "inspect" && reading?.model == "next", "\(name)")
      #expect(reading?.outcomes.map(\.result) == [.scored(1), .scored(0), .scored(0)], "\(name)")
      #expect(
        reading?.outcomes.map(\.prompt) == [
          "tell clerk 1 the word", "tell clerk 2 the word", "tell clerk 灯台 the word",
        ],
        "\(name)")
      #expect(reading?.outcomes.map(\.category) == ["word", "word", "word"], "\(name)")
    }
  }

  @Test("say the same as the log's JSON form")
  func sameAsJSON() throws {
    let samples = (1...5).map { sample($0, $0 % 2, #", "limit": null, "error": null"#) }
    let document = #"{"status": "success", "eval": {"model": "next"}, "samples": [\#(samples.joined(separator: ","))]}"#
    let whole = try read(Array(document.utf8), "log.json")
    let members = samples.enumerated().map { PlainZip.Member("samples/\($0 + 1)_epoch_1.json", $1) }
    #expect(try read(members + [.init("header.json", header(5))])?.outcomes == whole?.outcomes)
  }

  @Test(
    "name nothing on the disk: names that lead elsewhere are names, and a sample that is logged again replaces the first"
  )
  func names() throws {
    let reading = try read([
      .init("samples/../../../etc/1_epoch_1.json", sample(1, 0)), .init("/samples/9_epoch_1.json", "no JSON"),
      .init("../header.json", "no JSON"), .init("samples/2_epoch_1.json", sample(2, 0)),
      .init("samples/2_epoch_1.json", sample(2, 1)), .init("header.json", header(2)),
    ])
    #expect(reading?.outcomes.map(\.result) == [.scored(0), .scored(1)])
  }

  @Test("of runs that did not end are refused, and so are samples that are wanting")
  func unfinished() throws {
    let one = PlainZip.Member("samples/1_epoch_1.json", sample(1, 0))
    let start = PlainZip.Member("_journal/start.json", #"{"version": 2, "eval": {"model": "next"}}"#)
    #expect(message { try read([start, one]) }?.contains("the log's status is 'started'") == true)
    let sure = PlainZip.Member("_journal/start.json", #"{"status": "success", "eval": {"model": "next"}}"#)
    #expect(message { try read([sure, one]) }?.contains("the log's status is 'started'") == true)
    #expect(message { try read([start, one, .init("header.json", header(2))]) }?.contains("1 of 2 samples") == true)
    #expect(message { try read([start, .init("header.json", header(0))]) } == "no result is in the file")
    // A log without results says what was chosen of the data set.
    let bare = #"{"status": "success", "eval": {"dataset": {"sample_ids": [1]}, "config": {"epochs": 2}}}"#
    #expect(message { try read([one, .init("header.json", bare)]) }?.contains("1 of 2 samples") == true)
    let whole = bare.replacing("2}", with: "1}")
    #expect(message { try read([one, .init("header.json", whole)]) } == nil)
  }

  @Test("that are damaged, encrypted, no logs, or kept in pieces are refused with what to do")
  func damaged() throws {
    let one = PlainZip.Member("samples/1_epoch_1.json", sample(1, 0))
    let end = PlainZip.Member("header.json", header(1))
    let whole = PlainZip(members: [one, end]).bytes
    #expect(message { try read(whole) } == nil)
    for length in [4, 60, whole.count / 2, whole.count - 30] {
      #expect(
        message { try read(Array(whole.prefix(length))) }?.hasPrefix("the archive is damaged") == true, "\(length)")
    }
    var (broken, encrypted, linked, unnamed) = (one, one, one, one)
    broken.checksum = 7
    #expect(message { try read([broken, end]) }?.contains("CRC") == true)
    encrypted.flags |= 1
    #expect(message { try read([encrypted, end]) }?.contains("encrypted") == true)
    linked.mode = 0o120777
    #expect(message { try read([linked, end]) }?.contains("is no file") == true)
    unnamed.name = Array("samples/".utf8) + [0xff, 0xfe] + Array("_epoch_1.json".utf8)
    #expect(message { try read([unnamed, end]) }?.contains("no UTF-8") == true)
    #expect(message { try read([.init("word/document.xml", "x")]) }?.contains("no header.json") == true)
    #expect(
      message { try read([.init("samples/1_epoch_1/sample.json", sample(1, 0)), end]) }?.contains("kept in pieces")
        == true)
    #expect(message { try read([.init("samples/1_epoch_1.json", "{\"id\": 1"), end]) }?.hasPrefix("not JSON") == true)
    #expect(message { try read([.init("samples/1_epoch_1.json", "[7]"), end]) }?.contains("no sample") == true)
  }

  /// The same archive with the records of one of more than 65,535 members.
  private static func zip64(_ bytes: [UInt8]) -> [UInt8] {
    let (end, wide) = (bytes.count - 22, [UInt8](repeating: 0, count: 4))
    func number(_ value: Int, _ count: Int) -> [UInt8] {
      (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    let members = Array(bytes[(end + 10)..<(end + 12)]) + [0, 0] + wide
    let directory = Array(bytes[(end + 12)..<(end + 16)]) + wide + Array(bytes[(end + 16)..<(end + 20)]) + wide
    let record =
      [0x50, 0x4B, 6, 6] + number(44, 8) + number(45, 2) + number(45, 2) + number(0, 8) + members + members + directory
    let locator = [0x50, 0x4B, 6, 7] + number(0, 4) + number(end, 8) + number(1, 4)
    let last = [0x50, 0x4B, 5, 6] + number(0, 4) + [UInt8](repeating: 0xFF, count: 12) + number(0, 2)
    return Array(bytes[..<end]) + record + locator + last
  }

  @Test("that stand one behind another in a file are refused: the last one's directory would hide the others")
  func severalInOneFile() throws {
    func log(_ value: Int) -> [UInt8] {
      PlainZip(members: [.init("samples/1_epoch_1.json", sample(1, value)), .init("header.json", header(1))]).bytes
    }
    #expect(message { try read(log(1) + log(0)) }?.contains("several archives are put into one file") == true)
    #expect(
      message { try read(PackedLogs.zstandard + PackedLogs.deflated) }?.hasPrefix("the archive is damaged") == true)
    let (large, small) = (Self.zip64(log(1)), Self.zip64(log(0)))
    #expect(try read(large)?.outcomes.map(\.result) == [.scored(1)])
    for both in [large + small, large + large, log(1) + small, large + log(0)] {
      #expect(message { try read(both) }?.contains("several archives are put into one file") == true)
    }
    // What is behind an archive is no part of it.
    #expect(try read(log(1) + Array(repeating: 0, count: 100))?.outcomes.map(\.result) == [.scored(1)])
  }

  @Test("are read within bounds, whatever they say of their sizes")
  func bounds() throws {
    try place.write(PackedLogs.deflated, to: "log.eval")
    let path = "\(place.path)/log.eval"
    func message(_ change: (inout InspectArchive.Limits) -> Void) -> String? {
      var limits = InspectArchive.Limits()
      change(&limits)
      do {
        _ = try InspectArchive.read(path, what: "the file", limits: limits)
        return nil
      } catch { return (error as? SluiceError)?.message ?? "\(error)" }
    }
    #expect(message { _ in } == nil)
    #expect(message { $0.archive = 1_000 }?.contains("larger than 1000 bytes") == true)
    #expect(message { $0.members = 4 }?.contains("more than 4 members") == true)
    // A sample has more than ten kilobytes, nearly all of them events.
    #expect(message { $0.document = 5_000 }?.contains("has more than 5000 bytes") == true)
    #expect(
      message { ($0.unpackedAtLeast, $0.unpackedForEachByte) = (20_000, 1) }?.contains(
        "unpacks to more than 20000 bytes")
        == true)
    #expect(message { $0.kept = 100 }?.contains("more than 100 bytes") == true)
    // What is kept of a sample doesn't hold its events, nor attachments that nobody asked with.
    #expect(message { $0.kept = 2_000 } == nil)
  }
}
