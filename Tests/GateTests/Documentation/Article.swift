import Foundation

/// A page of the documentation.
struct Article: Sendable, CustomStringConvertible {
  let name: String
  let text: String

  var description: String { name }

  /// The checkout.
  static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..").standardizedFileURL

  /// All pages, by name.
  static let all: [Article] = {
    let folder = root.appending(path: "Sources/sluice/Sluice.docc")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { $0.hasSuffix(".md") }.sorted().compactMap { name in
      (try? String(contentsOf: folder.appending(path: name), encoding: .utf8)).map {
        Article(name: String(name.dropLast(3)), text: $0)
      }
    }
  }()

  static func named(_ name: String) -> Article? { all.first { $0.name == name } }

  /// The text of a file of the checkout; nil where it isn't there.
  static func file(_ path: String) -> String? { try? String(contentsOf: root.appending(path: path), encoding: .utf8) }

  /// A block of code, and the file that it is said to be from.
  struct Block: Sendable {
    let language: String
    /// What stands in a comment above it.
    let source: String?
    let lines: [Substring]

    /// Its lines without the margin that all of them share.
    var code: [Substring] { Self.withoutMargin(lines) }

    /// Whether its lines stand in a file one after the other, at any margin.
    func isIn(_ file: String) -> Bool {
      let all = file.split(separator: "\n", omittingEmptySubsequences: false)
      guard let first = code.first, all.count >= code.count else { return false }
      return (0...(all.count - code.count)).contains { start in
        all[start].hasSuffix(first) && Self.withoutMargin(Array(all[start..<(start + code.count)])) == code
      }
    }

    private static func withoutMargin(_ lines: [Substring]) -> [Substring] {
      let margin = lines.filter { !$0.isEmpty }.map { $0.prefix { $0 == " " }.count }.min() ?? 0
      return lines.map { $0.dropFirst(margin) }
    }
  }

  var blocks: [Block] {
    var blocks: [Block] = []
    var (language, source, body): (String?, String?, [Substring]) = (nil, nil, [])
    var above: Substring = ""
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if let known = language {
        if line == "```" {
          blocks.append(Block(language: known, source: source, lines: body))
          (language, body) = (nil, [])
        } else {
          body.append(line)
        }
      } else if line.hasPrefix("```") {
        language = String(line.dropFirst(3))
        source = above.wholeMatch(of: /<!-- (\S+) -->/).map { String($0.1) }
      }
      above = line
    }
    return blocks
  }

  /// The text without its blocks.
  var prose: String {
    text.split(separator: "\n```", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 0 }
      .map { $0.element }.joined(separator: "\n")
  }

  /// What stands between single backticks.
  var words: [String] { prose.matches(of: /`([^`\n]+)`/).map { String($0.1) } }
}
