import ArgumentParser
import Core
import Foundation
import Policies

/// Turns an error into its message on standard error and its exit code.
enum Failure {
  static func exit(_ error: any Error) -> Never {
    switch error {
    case let error as SluiceError:
      StandardError.write(error)
      leave(error.exitCode.rawValue)
    case let error as PolicyErrors:
      for each in error.errors { StandardError.write(each) }
      leave(error.exitCode.rawValue)
    case is CancellationError:
      StandardError.write(SluiceError(.interrupted, "interrupted"))
      leave(Core.ExitCode.interrupted.rawValue)
    case let code as ArgumentParser.ExitCode:
      leave(code.rawValue)
    case _ where Sluice.exitCode(for: error) != .failure:
      exit(parsing: error)
    default:
      StandardError.write(
        SluiceError(
          .internalError, "unexpected: \(error)",
          remedy: "This is a bug in Sluice; please report it with the command line and this message."))
      leave(Core.ExitCode.internalError.rawValue)
    }
  }

  /// Ends the process.
  static func leave(_ code: Int32) -> Never {
    Diagnostics.end(code)
    Foundation.exit(code)
  }

  /// What the parser has to say: help and version on standard output (0), every mistake on standard error (64).
  static func exit(parsing error: any Error) -> Never {
    let code = Sluice.exitCode(for: error)
    let text = Sluice.fullMessage(for: error)
    // `sluice help rn` is no success, though the parser shows what help there is.
    if let mistake = CommandName.mistake(in: Array(CommandLine.arguments.dropFirst())) { exit(mistake) }
    guard code.isSuccess else {
      StandardError.write(parser: ownWords(text))
      Foundation.exit(code.rawValue)
    }
    do {
      if !text.isEmpty { try StandardOutput.write(text + "\n") }
    } catch {
      exit(error)
    }
    Foundation.exit(code.rawValue)
  }

  /// A mistake as every other error begins, with the way out for somebody who has no policy yet.
  private static func ownWords(_ text: String) -> String {
    let parsers = "Error: "
    let text = text.hasPrefix(parsers) ? "sluice: error: " + text.dropFirst(parsers.count) : text
    return text.contains("Missing expected argument '<policy>'")
      ? text + "\n  No policy yet? `sluice init` writes a first one." : text
  }
}
