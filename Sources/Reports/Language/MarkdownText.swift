/// A piece of Markdown that is safe to join with others: only literals of this program and escaped text get in.
struct MarkdownText: ExpressibleByStringInterpolation, Sendable {
  struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var source = ""

    init(literalCapacity: Int, interpolationCount: Int) { source.reserveCapacity(literalCapacity) }

    mutating func appendLiteral(_ literal: StaticString) {
      literal.withUTF8Buffer { source += String(decoding: $0, as: UTF8.self) }
    }

    mutating func appendInterpolation(_ text: String) { source += MarkdownText.escape(text) }
    mutating func appendInterpolation(code text: String) { source += MarkdownText.code(text) }
    mutating func appendInterpolation(_ text: MarkdownText) { source += text.source }
    mutating func appendInterpolation(_ number: Int) { source += Numbers.count(number) }
  }

  private(set) var source: String

  init(stringLiteral literal: StaticString) {
    source = literal.withUTF8Buffer { String(decoding: $0, as: UTF8.self) }
  }

  init(stringInterpolation: StringInterpolation) { source = stringInterpolation.source }

  static func table(_ header: [MarkdownText], _ rows: [[MarkdownText]]) -> MarkdownText {
    var result: MarkdownText = ""
    for row in [header, header.map { _ in "---" }] + rows {
      result.source += "| " + row.map(\.source).joined(separator: " | ") + " |\n"
    }
    return result
  }

  static func += (a: inout MarkdownText, b: MarkdownText) { a.source += b.source }

  /// Longer names make a table unreadable.
  private static let longest = 300

  /// Nothing in `text` becomes markup: no emphasis, link, picture, table cell, list, mention or reference.
  static func escape(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    let scalars = Array(PlainText.line(text, longest: longest).unicodeScalars)
    for (index, scalar) in scalars.enumerated() {
      let next = index + 1 < scalars.count ? scalars[index + 1] : " "
      switch scalar {
      case "&": result.append(contentsOf: "&amp;".unicodeScalars)
      case "<": result.append(contentsOf: "&lt;".unicodeScalars)
      case ">": result.append(contentsOf: "&gt;".unicodeScalars)
      // Mentions and issue references are found after rendering, so that a backslash is too early; a comment
      // parts the sign from the name.
      case "@", "#": result.append(contentsOf: "\\\(scalar)<!-- -->".unicodeScalars)
      // Where mathematics is rendered, a backslash does not stop it.
      case "$": result.append(contentsOf: "<span>$</span>".unicodeScalars)
      // Links and pictures need their brackets; parentheses alone are text.
      case "\\", "`", "*", "_", "[", "]", "|", "~": result.append(contentsOf: "\\\(scalar)".unicodeScalars)
      // Bare addresses become links by "://" and "www.".
      case ":" where next == "/": result.append(contentsOf: "\\:".unicodeScalars)
      case "." where index >= 3 && scalars[(index - 3)..<index].allSatisfy { $0 == "w" || $0 == "W" }:
        result.append(contentsOf: "\\.".unicodeScalars)
      // "- " and "1. " at the start of a list item would begin another list.
      case "-" where index == 0 && next == " ", "+" where index == 0 && next == " ":
        result.append(contentsOf: "\\\(scalar)".unicodeScalars)
      case ".", ")":
        let isNumbering = next == " " && index > 0 && scalars[..<index].allSatisfy { ("0"..."9").contains($0) }
        result.append(contentsOf: (isNumbering ? "\\\(scalar)" : "\(scalar)").unicodeScalars)
      default: result.append(scalar)
      }
    }
    return String(result)
  }

  /// A code span: a fence longer than any run of backticks inside, and no table cell's end.
  static func code(_ text: String) -> String {
    let line = PlainText.line(text, longest: longest).replacing("|", with: "\\|")
    if line.allSatisfy({ $0 == " " }) { return "–" }
    var (run, longestRun) = (0, 0)
    for scalar in line.unicodeScalars {
      run = scalar == "`" ? run + 1 : 0
      longestRun = max(longestRun, run)
    }
    let fence = String(repeating: "`", count: longestRun + 1)
    // One space on either side is stripped again; it keeps the text's own backticks off the fence.
    return longestRun > 0 ? "\(fence) \(line) \(fence)" : fence + line + fence
  }
}
