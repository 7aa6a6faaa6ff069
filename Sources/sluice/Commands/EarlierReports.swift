import ArgumentParser
import Gate

/// Reports of an earlier run, where a command that was to write new ones doesn't get as far as its policy: an old pass there would be
/// taken for this command's.
enum EarlierReports {
  /// Commands that give a verdict and write what a policy names.
  private static let writing: [any ParsableCommand.Type] = [RunCommand.self, DecideCommand.self, MergeCommand.self]

  private static var arguments: [String] { Array(CommandLine.arguments.dropFirst()) }

  /// Removes them where the command line is one of a command that gives a verdict, or of none that there is.
  /// - Parameter commands: all that there are.
  static func remove(among commands: [any ParsableCommand.Type]) {
    let isOther = commands.contains { command in
      command.configuration.commandName == arguments.first && !writing.contains { $0 == command }
    }
    if !isOther { Pipeline.removeReports(meantBy: Array(arguments.dropFirst())) }
  }

  /// Does what a command that gives a verdict does before it reads its policy; where that fails, they are removed before the error goes
  /// on.
  static func removing<Result>(_ work: () throws -> Result) throws -> Result {
    do {
      return try work()
    } catch {
      Pipeline.removeReports(meantBy: Array(arguments.dropFirst()))
      throw error
    }
  }
}
