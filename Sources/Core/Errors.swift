/// The process exit codes of the public contract.
public enum ExitCode: Int32, Sendable, Codable {
  case pass = 0
  case fail = 1
  case inconclusive = 2
  case usage = 64
  case unavailable = 69
  case internalError = 70
  /// Something that was asked for could not be written, or be read on the way.
  case inputOutput = 74
  case interrupted = 75
  case permission = 77
}

/// Where in a text file something is, counted from 1.
public struct SourceLocation: Hashable, Codable, Sendable, CustomStringConvertible {
  public let file: String
  public let line: Int?
  public let column: Int?

  public init(file: String, line: Int? = nil, column: Int? = nil) {
    self.file = file
    self.line = line
    self.column = column
  }

  public var description: String {
    file + (line.map { ":\($0)" } ?? "") + (column.map { ":\($0)" } ?? "")
  }
}

/// An error that a person can act on: what failed, where, what to do, and the exit code it means.
public struct SluiceError: Error, Hashable, Sendable, CustomStringConvertible {
  public let exitCode: ExitCode
  public let location: SourceLocation?
  /// What failed, one sentence without a full stop.
  public let message: String
  /// What to do about it, one sentence; nil where there is nothing to say.
  public let remedy: String?

  public init(_ exitCode: ExitCode, _ message: String, at location: SourceLocation? = nil, remedy: String? = nil) {
    self.exitCode = exitCode
    self.location = location
    self.message = message
    self.remedy = remedy
  }

  /// `file:line:column: message` and the remedy on a line of its own.
  public var description: String {
    (location.map { "\($0): " } ?? "") + message + (remedy.map { "\n  \($0)" } ?? "")
  }

  /// A file that can't be used as it is: exit 64.
  public static func badInput(_ message: String, file: String, line: Int? = nil, remedy: String? = nil) -> SluiceError {
    SluiceError(.usage, message, at: SourceLocation(file: file, line: line), remedy: remedy)
  }
}

/// Something that can't happen did: a bug in Sluice (exit 70).
public struct InternalError: Error, Hashable, Sendable, CustomStringConvertible {
  public let message: String

  public init(_ message: String) { self.message = message }

  public var description: String { "internal error: \(message)" }
}
