import Core
import Foundation
import Logging
import Synchronization
import Testing

@testable import Logs

@Suite("Lines of a log")
struct LineLogHandlerTests {
  private final class Page: Sendable {
    private let written = Mutex<[String]>([])
    var lines: [String] { written.withLock { $0 } }
    func write(_ line: String) { written.withLock { $0.append(line) } }
  }

  /// 2026-03-01 12:00:00.250 UTC.
  private static let noon = Date(timeIntervalSince1970: 1_772_366_400.25)

  private func logger(
    _ page: Page, _ format: LogFormat, _ level: Logger.Level = .trace, metadata: Logger.Metadata = [:]
  ) -> Logger {
    Logger(label: "sluice.test") { label in
      var handler = LineLogHandler(
        label: label, level: level, format: format, now: { Self.noon }, write: { page.write($0) })
      handler.metadata = metadata
      return handler
    }
  }

  private func object(_ line: String?) throws -> [String: Any] {
    try #require(JSONSerialization.jsonObject(with: Data((line ?? "").utf8)) as? [String: Any])
  }

  @Test("An event is one JSON object with numbers as numbers, or one line of text, at the time of the clock")
  func formats() throws {
    let (json, text) = (Page(), Page())
    for (page, format) in [(json, LogFormat.json), (text, .text)] {
      logger(page, format, metadata: ["server": "a b"]).info(
        "request retried",
        metadata: [
          "attempt": "\(2)", "status": .stringConvertible(503), "wait": .stringConvertible(1.5),
          "last": .stringConvertible(false), "kinds": ["x", "y"], "none": .stringConvertible(Double.nan),
        ])
    }
    #expect(
      json.lines == [
        #"{"time":"2026-03-01T12:00:00.250Z","level":"info","label":"sluice.test","message":"request retried","#
          + #""metadata":{"attempt":"2","kinds":["x","y"],"last":false,"none":null,"server":"a b","status":503,"wait":1.5}}"#
      ])
    #expect(
      text.lines == [
        "2026-03-01T12:00:00.250Z info sluice.test: request retried attempt=2 kinds=[\"x\",\"y\"] last=false none=null "
          + "server=\"a b\" status=503 wait=1.5"
      ])
  }

  @Test("Below its level nothing is written and nothing computed, and each level writes those above it")
  func levels() {
    for (place, level) in Logger.Level.allCases.enumerated() {
      let page = Page()
      let logger = logger(page, .json, level)
      let computed = Mutex(0)
      func message() -> Logger.Message {
        computed.withLock { $0 += 1 }
        return "it happened"
      }
      for each in Logger.Level.allCases { logger.log(level: each, message()) }
      #expect(page.lines.count == Logger.Level.allCases.count - place)
      #expect(computed.withLock { $0 } == page.lines.count)
    }
  }

  @Test("Whatever a text holds, it stays one line, and every JSON line parses")
  func hostile() throws {
    let hostile = "a\nb\r\u{1B}[2J\u{202E}\"\\\u{2028}\u{0}é"
    let (json, text) = (Page(), Page())
    logger(json, .json).warning("\(hostile)", metadata: ["k\n": "\(hostile)"])
    logger(text, .text).warning("\(hostile)", metadata: ["k\n": "\(hostile)"])
    let object = try object(json.lines.first)
    #expect(object["message"] as? String == hostile)
    #expect((object["metadata"] as? [String: Any])?["k\n"] as? String == hostile)
    for line in json.lines + text.lines {
      #expect(!line.unicodeScalars.contains { $0.value < 0x20 || [0x202E, 0x2028].contains($0.value) }, "\(line)")
    }
  }

  @Test("A secret is taken out before a text is cut, and what is cut says so")
  func secrets() throws {
    let key = "sk-4f9a8b7c6d5e4f3a2b1c"
    let text = String(repeating: "x", count: LogRecord.longest - 10) + " " + key + " " + key
    let record = LogRecord(
      time: Self.noon, level: .error, label: "sluice.test", message: text,
      metadata: ["said": "\(key)", "list": ["\(key)"], "map": .dictionary([key: "\(key)"])])
    for format in LogFormat.allCases {
      let line = record.line(format, redactor: Redactor([key]))
      #expect(!line.contains("4f9a8b") && line.contains("[redacted]") && line.contains("…"), "\(line)")
    }
    let said = try object(record.line(.json, redactor: Redactor([key])))["metadata"] as? [String: Any]
    #expect(said?["said"] as? String == "[redacted]")
  }

  @Test("Of an error its kind alone is written, and metadata of an event stands before that of its logger")
  func errors() throws {
    struct Telling: Error, CustomStringConvertible {
      let description: String
    }
    let page = Page()
    logger(page, .json, metadata: ["target": "old", "kept": "yes"]).error(
      "it failed", error: Telling(description: "the prompt was: tell me"), metadata: ["target": "new"])
    let line = try #require(page.lines.first)
    let metadata = try object(line)["metadata"] as? [String: String]
    #expect(metadata == ["target": "new", "kept": "yes", "error": "Telling"])
    #expect(!line.contains("tell me"))
  }
}
