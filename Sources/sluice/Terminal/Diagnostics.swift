import Core
import Foundation
import Logging
import Logs
import Synchronization

extension Logger {
  /// The process itself.
  static let process = Logger(label: "sluice.process")
}

/// What this process writes of its own work.
enum Diagnostics {
  /// Since when events are written; nil where none are.
  private static let began = Mutex<ContinuousClock.Instant?>(nil)

  /// Sets where every logger of the process writes; to be called once, before any is used.
  /// - Parameter command: nil for one that writes none.
  static func begin(_ command: (any DiagnosedCommand)?) throws {
    guard let command, let (level, format) = try command.diagnostics.choice() else {
      LoggingSystem.bootstrap { _ in SwiftLogNoOpLogHandler() }
      return
    }
    StandardError.speak(format)
    LoggingSystem.bootstrap { label in
      LineLogHandler(label: label, level: level, format: format) { StandardError.write(diagnostic: $0) }
    }
    began.withLock { $0 = .now }
    Logger.process.info(
      "process began",
      metadata: [
        "command": "\(type(of: command).configuration.commandName ?? "")", "version": "\(sluiceVersion)",
        "process": .stringConvertible(Int(getpid())),
      ])
  }

  /// Notes how the process is about to end.
  static func end(_ code: Int32) {
    guard let began = began.withLock({ $0 }) else { return }
    let seconds = (ContinuousClock.now - began).components
    Logger.process.log(
      level: code >= Core.ExitCode.usage.rawValue ? .error : .info, "process ends",
      metadata: [
        "exit": .stringConvertible(Int(code)),
        "seconds": .stringConvertible(
          Double(seconds.seconds) + Double(seconds.attoseconds) * 1e-18),
      ])
  }
}
