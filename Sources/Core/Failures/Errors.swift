/// The process exit codes of the public contract.
public enum ExitCode: Int32, Sendable, Codable, CaseIterable {
  /// Every check is satisfied with the confidence that the policy asks for.
  case pass = 0
  /// A check is violated with that confidence.
  case fail = 1
  /// The evidence doesn't decide.
  case inconclusive = 2
  /// The policy, an option or an input file is wrong.
  case usage = 64
  /// A target or a judge stayed away after retries.
  case unavailable = 69
  /// A bug of Sluice's.
  case internalError = 70
  /// Something that was asked for could not be written, or be read on the way.
  case inputOutput = 74
  /// A signal, the wall clock, or a ledger in use stopped the run.
  case interrupted = 75
  /// A file or folder may not be read or written, or a key doesn't fit.
  case permission = 77

  /// A phrase for lists of exit codes.
  public var title: String {
    switch self {
    case .pass: "pass"
    case .fail: "fail"
    case .inconclusive: "inconclusive"
    case .usage: "usage or policy error"
    case .unavailable: "target or judge unavailable"
    case .internalError: "internal error (a bug)"
    case .inputOutput: "a file could not be read or written"
    case .interrupted: "interrupted, resumable with --resume"
    case .permission: "permission"
    }
  }

  /// What has happened, one or two sentences.
  public var meaning: String {
    switch self {
    case .pass:
      "Every check is satisfied with the confidence that the policy asks for; of a shard (`--shard`), its work is done. Under "
        + "`mode: observe` it says only that the run ended: the report says what a gate would have done."
    case .fail: "At least one check is violated with the confidence that the policy asks for."
    case .inconclusive:
      "Too little evidence, too many errors, or an attacker or judge that was asleep. It blocks unless the policy says "
        + "`inconclusive: pass`."
    case .usage: "The command line, the policy or a file that it names is not what it must be. Nothing was asked."
    case .unavailable:
      "A target or a judge stayed unavailable after retries, or the shards given to `sluice merge` are not one whole run. What "
        + "was answered before is stored."
    case .internalError: "Sluice contradicted itself. No verdict can be trusted that comes with this code."
    case .inputOutput:
      "The disk is full or failing, or output such as --json could not be written. What was stored before is safe, and a "
        + "verdict whose text alone is lost keeps its own code."
    case .interrupted:
      "A signal or the budget's wall clock ended the run, or another run holds the ledger. Stored responses are not asked "
        + "for again."
    case .permission: "A file or folder may not be read or written, or others may write where the ledger lies."
    }
  }

  /// What to do next, one sentence.
  public var remedy: String {
    switch self {
    case .pass: "Ship, or read the report's notes first: they say what the checks do not look at."
    case .fail: "Read the report's categories and newly broken attacks; mend the model, or waive the check."
    case .inconclusive: "The report says under `To decide` how much more evidence each open check needs."
    case .usage: "The message names file, line and column; `sluice check POLICY` finds the rest."
    case .unavailable: "See to the server, then run the same command with --resume."
    case .internalError: "Report it with the command line and the message."
    case .inputOutput: "Make room or mend the disk, then run the same command with --resume."
    case .interrupted: "Run the same command with --resume, or with --wait 10m where another run holds the ledger."
    case .permission: "The message has the command that sets the mode."
    }
  }
}

/// Where in a text file something is, counted from 1.
public struct SourceLocation: Hashable, Codable, Sendable, CustomStringConvertible {
  /// The file's path, as it was given.
  public let file: String
  /// The line; nil where the whole file is meant.
  public let line: Int?
  /// The column in bytes; nil where the whole line is meant.
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
  /// What the process exits with where this error ends it.
  public let exitCode: ExitCode
  /// The place of the mistake; nil where it has none in a file.
  public let location: SourceLocation?
  /// What failed, one sentence without a full stop.
  public let message: String
  /// What to do about it, one sentence; nil where there is nothing to say.
  public let remedy: String?

  /// Makes an error of a sentence for people, which starts in lower case and ends without a full stop.
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
  /// The contradiction, for the report of the bug.
  public let message: String

  /// Takes a sentence that names the contradiction.
  public init(_ message: String) { self.message = message }

  public var description: String { "internal error: \(message)" }
}
