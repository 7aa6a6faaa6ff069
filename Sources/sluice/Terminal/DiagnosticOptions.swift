import ArgumentParser
import Foundation
import Logging
import Logs

/// Options for the diagnostics of a command that works long.
struct DiagnosticOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Write diagnostics to standard error, from this level on: \(DiagnosticOptions.levels). Else \(DiagnosticOptions.levelVariable) says it; else there are none.",
      valueName: "level"), completion: .list(Logger.Level.allCases.map(\.rawValue)))
  var logLevel: String?

  @Option(
    help: ArgumentHelp(
      "How: \(DiagnosticOptions.formats). With json every line of standard error is an object. Else \(DiagnosticOptions.formatVariable) says it; else text.",
      valueName: "format"), completion: .list(LogFormat.allCases.map(\.rawValue)))
  var logFormat: String?

  private static let levelVariable = "SLUICE_LOG_LEVEL"
  private static let formatVariable = "SLUICE_LOG_FORMAT"
  private static let levels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
  private static let formats = LogFormat.allCases.map(\.rawValue).joined(separator: ", ")

  /// What a format without a level means.
  private static let usual = Logger.Level.info

  func validate() throws { _ = try choice() }

  /// Level and format; nil where no diagnostics are wanted.
  /// - Throws: `ValidationError` for a name that is none.
  func choice(
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws -> (level: Logger.Level, format: LogFormat)? {
    let level = try value(logLevel, "--log-level", Self.levelVariable, environment, Self.levels) {
      Logger.Level(rawValue: $0)
    }
    let format = try value(logFormat, "--log-format", Self.formatVariable, environment, Self.formats) {
      LogFormat(rawValue: $0)
    }
    return level == nil && format == nil ? nil : (level ?? Self.usual, format ?? .text)
  }

  /// What is said on the command line, else in the environment, where an empty variable says nothing.
  private func value<Value>(
    _ given: String?, _ option: String, _ variable: String, _ environment: [String: String], _ names: String,
    _ read: (String) -> Value?
  ) throws -> Value? {
    let inherited = environment[variable].flatMap { $0.isEmpty ? nil : $0 }
    guard let text = given ?? inherited else { return nil }
    guard let value = read(text) else {
      throw ValidationError("\(given == nil ? variable : option) is '\(text)', and must be one of \(names).")
    }
    return value
  }
}

/// A command that writes diagnostics where they are wanted.
protocol DiagnosedCommand: ParsableCommand {
  var diagnostics: DiagnosticOptions { get }
}
