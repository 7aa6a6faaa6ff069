import Core
import Foundation
import Reports

/// One run in every format.
struct Renderings {
  let terminal: String
  let junit: ParsedXML
  let markdown: String
  let html: String
  let json: String

  init(_ run: RunSummary) throws {
    let (date, version) = (CannedRuns.date, CannedRuns.version)
    terminal = TerminalReport.render(run, colour: false, width: 200, files: [])
    junit = try ParsedXML(try JUnitReport.render(run, date: date, version: version))
    markdown = String(decoding: MarkdownReport.render(run, date: date, version: version), as: UTF8.self)
    html = String(decoding: HTMLReport.render(run, date: date, version: version), as: UTF8.self)
    json = String(decoding: try JSONReport.render(run, date: date, version: version), as: UTF8.self)
  }

  /// The texts that people read as they are, one for each format; Markdown without its escapes.
  var texts: [(format: String, text: String)] {
    [
      ("terminal", terminal), ("markdown", markdown.replacing("\\", with: "")),
      ("html", html.replacing("&#39;", with: "'").replacing("&quot;", with: "\"")), ("junit", junitText),
    ]
  }

  /// All attributes and texts of the JUnit file.
  private var junitText: String {
    func all(_ element: ParsedXML.Element) -> [String] {
      element.attributes.values.sorted() + [element.text] + element.children.flatMap(all)
    }
    return all(junit.root).joined(separator: "\n")
  }

  /// Properties of the JUnit suite `decide`.
  var properties: [String: String] {
    let decide = junit.elements("testsuite").first { $0.attributes["name"] == "decide" }
    let pairs = (decide?.elements("property") ?? []).compactMap { property in
      property.attributes["name"].map { ($0, property.attributes["value"] ?? "") }
    }
    return Dictionary(pairs) { first, _ in first }
  }

  func testcase(_ name: String) -> ParsedXML.Element? {
    junit.elements("testcase").first { $0.attributes["name"] == name }
  }

  /// The part of the page between two texts.
  func page(from start: String, to end: String) -> Substring? {
    guard let from = html.range(of: start), let to = html[from.upperBound...].range(of: end) else { return nil }
    return html[from.upperBound..<to.lowerBound]
  }
}
