import Foundation
import Testing

/// Commands and their options, as README and documentation write them.
private struct DocumentedCommand: Hashable, CustomStringConvertible {
  /// `ledger verify`.
  let words: [String]
  /// `--report`.
  let options: [String]

  var description: String { (["sluice"] + words + options).joined(separator: " ") }

  /// - Parameter text: what follows `sluice `.
  init?(_ text: Substring) {
    let parts = text.split(separator: " ")
    words = parts.prefix { $0.wholeMatch(of: /[a-z]+/) != nil }.map(String.init)
    options = text.matches(of: /--[a-z][a-z-]+/).map { String($0.output) }
    if words.isEmpty { return nil }
  }

  static let all: [DocumentedCommand] = {
    let pages = Binary.root.appendingPathComponent("Sources/sluice/Sluice.docc")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: pages.path)) ?? []
    let files = [Binary.root.appendingPathComponent("README.md")] + names.map { pages.appendingPathComponent($0) }
    let texts = files.filter { $0.pathExtension == "md" }.compactMap { try? String(contentsOf: $0, encoding: .utf8) }
    let found = texts.flatMap { text in
      text.matches(of: /`sluice ([^`\n]+)`/).map(\.1)
        + text.matches(of: /(?m)^(?:\.build\/release\/)?sluice ([^#>|\n]+)/).map(\.1)
    }
    return Set(found.compactMap { DocumentedCommand($0) }).sorted { "\($0)" < "\($1)" }
  }()
}

@Suite("Commands in README and documentation")
struct DocumentedCommandTests {
  @Test("are there, with the options that stand behind them")
  func areThere() async throws {
    #expect(DocumentedCommand.all.count > 40)
    let workspace = try Workspace()
    var helps: [[String]: String] = [:]
    for command in DocumentedCommand.all {
      // The second word may be an argument.
      let words = Array(command.words.prefix(2))
      if helps[words] == nil {
        helps[words] = try await Binary.run(words + ["--help"], in: workspace.folder).output
      }
      let help = helps[words] ?? ""
      let usage = help.split(separator: "\n").first { $0.hasPrefix("USAGE: ") } ?? ""
      #expect(usage.hasPrefix("USAGE: sluice \(words[0])"), "\(command): \(usage)")
      for option in command.options { #expect(help.contains(option), "\(command): \(option)") }
    }
  }
}
