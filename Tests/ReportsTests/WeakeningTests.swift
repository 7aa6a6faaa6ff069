import Core
import Foundation
import Reports
import Testing

@Suite("What weakens a verdict")
struct WeakeningTests {
  private let weakenings = CannedRuns.weakened.weakenings ?? []

  @Test("The terminal says it right under the headline, before the policy and the reasons")
  func terminal() throws {
    let lines = try Renderings(CannedRuns.weakened).terminal.split(separator: "\n").map(String.init)
    #expect(lines[0] == "✓ PASS: assistant-1.1 may ship")
    #expect(Array(lines[1...2]) == weakenings.map { "weakened: \($0)" })
    #expect(lines[3].hasPrefix("release-gate"))
  }

  @Test("Markdown says it directly under the headline")
  func markdown() throws {
    let lines = try Renderings(CannedRuns.weakened).markdown.split(separator: "\n").map(String.init)
    #expect(lines[0] == "## ✅ PASS: assistant-1.1 may ship")
    #expect(Array(lines[1...2]) == weakenings.map { "> **Weakened:** \($0)" })
  }

  @Test("The page says it in the verdict's block, between the headline and the reasons")
  func html() throws {
    let block = try #require(
      Renderings(CannedRuns.weakened).page(from: "<p class=\"headline\">", to: "<h2 class=\"small\">Why</h2>"))
    for weakening in weakenings { #expect(block.contains("<li>\(weakening)</li>")) }
  }

  @Test("JUnit says it in properties, in the first lines of its output, and in testcases that pass")
  func junit() throws {
    let report = try Renderings(CannedRuns.weakened)
    let decide = try #require(report.junit.elements("testsuite").first { $0.attributes["name"] == "decide" })
    #expect(decide.children.first?.children.first?.attributes["name"] == "weakening.0")
    for (index, weakening) in weakenings.enumerated() {
      #expect(report.properties["weakening.\(index)"] == weakening)
      #expect(try #require(report.testcase("weakened: \(weakening)")).children.isEmpty)
    }
    let output = try #require(decide.elements("system-out").first).text.split(separator: "\n")
    #expect(output.prefix(2).map(String.init) == weakenings.map { "weakened: \($0)" })
  }

  @Test("JUnit's verdict has it in its body, and in its message where it is skipped")
  func junitVerdict() throws {
    var run = CannedRuns.harmed
    run.weakenings = weakenings
    var child = try #require(Renderings(run).testcase("verdict")?.children.first)
    #expect(child.name == "failure" && child.text.hasPrefix("weakened: \(weakenings[0])\nweakened: \(weakenings[1])\n"))
    run = CannedRuns.inconclusive
    (run.weakenings, run.exitCode) = (weakenings, 0)
    child = try #require(Renderings(run).testcase("verdict")?.children.first)
    #expect(child.name == "skipped")
    for weakening in weakenings { #expect(child.attributes["message"]?.contains(weakening) == true) }
  }

  @Test("A run that nothing weakens says nothing of it", arguments: ["pass", "proven", "harmed"])
  func nothing(name: String) throws {
    for (format, text) in try Renderings(try CannedRuns.named(name)).texts {
      // The page's style sheet has a class of that name.
      let told = text.replacing(".weakened", with: "")
      #expect(!told.lowercased().contains("weaken"), "\(format)")
    }
  }

  @Test("Two hundred of them, each pages long, keep their place and every report its size")
  func sizes() throws {
    var run = CannedRuns.weakened
    run.weakenings = (0..<200).map { "\($0) " + String(repeating: "\"$é\u{1}", count: 2_000) }
    let report = try Renderings(run)
    #expect(
      report.markdown.utf8.count <= 65_536 && report.terminal.utf8.count < 200_000 && report.html.utf8.count < 500_000)
    #expect(report.junit.elements("testcase").count < 200)
    #expect(report.testcase("verdict") != nil && report.properties["weakening.0"] != nil)
    #expect(report.markdown.contains("Exit code 0") && report.markdown.contains("more\n"))
  }
}
