import Core
import Foundation
import Logging

/// Writes each event of a logger as one line.
public struct LineLogHandler: LogHandler {
  /// The least level that is written.
  public var logLevel: Logger.Level
  /// What stands in every line of the logger; an event's own stands before it.
  public var metadata: Logger.Metadata = [:]
  /// What else does, by the time of the event.
  public var metadataProvider: Logger.MetadataProvider?

  private let label: String
  private let format: LogFormat
  private let now: @Sendable () -> Date
  private let write: @Sendable (String) -> Void

  /// - Parameters:
  ///   - label: the logger's.
  ///   - now: the time of an event.
  ///   - write: called with each line, without its end, from any thread.
  public init(
    label: String, level: Logger.Level, format: LogFormat, now: @escaping @Sendable () -> Date = { Date() },
    write: @escaping @Sendable (String) -> Void
  ) {
    self.label = label
    self.format = format
    self.now = now
    self.write = write
    logLevel = level
  }

  /// One value of ``metadata``.
  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  /// Writes an event, whatever its level.
  public func log(event: LogEvent) {
    var all = metadata
    for more in [metadataProvider?.get(), event.metadata].compactMap(\.self) { all.merge(more) { $1 } }
    // An error's words may quote anything; its kind quotes nothing.
    if let error = event.error { all["error"] = "\(type(of: error))" }
    write(
      LogRecord(
        time: now(), level: event.level, label: label, message: event.message.description, metadata: all
      ).line(format))
  }
}
