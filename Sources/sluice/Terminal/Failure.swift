import ArgumentParser
import Core
import Foundation
import Gate
import Policies

/// Turns an error into its message on standard error and its exit code.
enum Failure {
  static func exit(_ error: any Error) -> Never {
    switch error {
    case let error as SluiceError:
      write(error)
      Foundation.exit(error.exitCode.rawValue)
    case let error as PolicyErrors:
      for each in error.errors { write(each) }
      Foundation.exit(Core.ExitCode.usage.rawValue)
    case is CancellationError:
      write(SluiceError(.interrupted, "interrupted"))
      Foundation.exit(Core.ExitCode.interrupted.rawValue)
    case _ where Sluice.exitCode(for: error) != .failure:
      // Help, a command's own exit code, a mistake in the arguments: the parser knows how to say it.
      Sluice.exit(withError: error)
    case let code as ArgumentParser.ExitCode:
      Foundation.exit(code.rawValue)
    default:
      write(
        SluiceError(
          .internalError, "unexpected: \(error)",
          remedy: "This is a bug in Sluice; please report it with the command line and this message."))
      Foundation.exit(Core.ExitCode.internalError.rawValue)
    }
  }

  /// `sluice: error: file:line:column: message` and the remedy on a line of its own.
  static func write(_ error: SluiceError) {
    StandardError.write("sluice: error: \(error.description)\n")
  }
}

/// Unbuffered text for people; standard output stays free for results.
enum StandardError {
  static func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}

/// Results: reports, listings, JSON.
enum StandardOutput {
  static func write(_ text: String) { write(bytes: Array(text.utf8)) }

  static func write(bytes: [UInt8]) { FileHandle.standardOutput.write(Data(bytes)) }

  /// A verdict as the flags ask for it.
  static func write(_ report: RunReport, json: Bool, quiet: Bool) {
    if json {
      write(bytes: report.json)
    } else {
      write(quiet ? report.verdictLine : report.text(colour: colours, width: width))
    }
  }

  /// Columns of the terminal; 100 where the output is a file or a pipe.
  static var width: Int {
    var size = winsize()
    return ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 100
  }

  private static var colours: Bool {
    isatty(STDOUT_FILENO) == 1 && ProcessInfo.processInfo.environment["NO_COLOR"] == nil
  }
}
