import ArgumentParser
import Core
import Kinds

/// Names of commands as they were typed.
enum CommandName {
  /// The error of a word that stands where a command's name belongs and is none; nil where every name is one.
  static func mistake(in arguments: [String]) -> SluiceError? {
    var command: any ParsableCommand.Type = Sluice.self
    var path = "sluice"
    for word in arguments {
      let commands = command.configuration.subcommands
      if word == "help" { continue }
      if word.hasPrefix("-") || commands.isEmpty { return nil }
      guard let next = commands.first(where: { $0.configuration.commandName == word }) else {
        let names = commands.compactMap { $0.configuration.commandName }
        return SluiceError(
          .usage, "`\(path)` has no command \(quoted(word))",
          remedy: suggestion(for: word, among: names, called: "Its commands"))
      }
      (command, path) = (next, "\(path) \(word)")
    }
    return nil
  }
}
