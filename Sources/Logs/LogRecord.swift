import Core
import Foundation
import Logging

/// One event as a line of a log, with every secret that the process knows taken out.
public struct LogRecord: Sendable {
  /// When it happened.
  public var time: Date
  /// How much it matters.
  public var level: Logger.Level
  /// The part of the program that it is about, for example `sluice.requests`.
  public var label: String
  /// What happened, always in the same words, so that it can be searched for.
  public var message: String
  /// What tells this event from others of its kind.
  public var metadata: Logger.Metadata

  /// Characters of a text; the rest of a longer one is left out, so that a line is written whole.
  static let longest = 1_000

  /// Holds what is given until it is written.
  public init(
    time: Date, level: Logger.Level, label: String, message: String, metadata: Logger.Metadata = [:]
  ) {
    self.time = time
    self.level = level
    self.label = label
    self.message = message
    self.metadata = metadata
  }

  /// The line without its end.
  /// - Parameter redactor: takes out secrets, before anything is cut.
  public func line(_ format: LogFormat, redactor: Redactor = KnownSecrets.redactor) -> String {
    let (message, values) = (shown(message, redactor), json(metadata, redactor))
    switch format {
    case .json:
      let object = JSON.object([
        .init("time", .string(stamp)), .init("level", .string(level.rawValue)), .init("label", .string(label)),
        .init("message", .string(message)), .init("metadata", .object(values)),
      ])
      return String(decoding: VisibleText.json(object.serializedBytes()), as: UTF8.self)
    case .text:
      let pairs = values.map { " \($0.key)=\(Self.plain($0.value))" }.joined()
      return VisibleText.line("\(stamp) \(level.rawValue) \(label): \(message)\(pairs)")
    }
  }

  /// As ISO 8601 has it, in UTC, with milliseconds.
  private var stamp: String { time.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)) }

  private func shown(_ text: String, _ redactor: Redactor) -> String {
    let text = redactor.redacted(text)
    return text.unicodeScalars.count > Self.longest
      ? String(String.UnicodeScalarView(text.unicodeScalars.prefix(Self.longest))) + "…" : text
  }

  /// In the order of their keys.
  private func json(_ values: Logger.Metadata, _ redactor: Redactor) -> [JSON.Member] {
    values.sorted { $0.key < $1.key }.map { JSON.Member(shown($0.key, redactor), json($0.value, redactor)) }
  }

  private func json(_ value: Logger.MetadataValue, _ redactor: Redactor) -> JSON {
    switch value {
    case .string(let text): .string(shown(text, redactor))
    case .stringConvertible(let value):
      switch value {
      case let number as Int: .integer(number)
      case let number as Double: number.isFinite ? .number(number) : .null
      case let truth as Bool: .bool(truth)
      default: .string(shown(value.description, redactor))
      }
    case .array(let values): .array(values.map { json($0, redactor) })
    case .dictionary(let values): .object(json(values, redactor))
    }
  }

  /// A text that is one word as it is, all else as JSON.
  private static func plain(_ value: JSON) -> String {
    if let text = value.string, !text.isEmpty, !text.contains(where: { $0.isWhitespace || "\"=\\".contains($0) }) {
      return text
    }
    return value.serialized()
  }
}
