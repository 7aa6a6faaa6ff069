import Core
import Foundation
import Reports
import Testing

@Suite("The HTML page")
struct HTMLTests {
  private func render(_ run: RunSummary) -> [UInt8] {
    HTMLReport.render(run, date: CannedRuns.date, version: CannedRuns.version)
  }

  private func text(_ run: RunSummary) -> String { String(decoding: render(run), as: UTF8.self) }

  @Test("Whatever a text holds, the page has the elements and attributes of one with harmless texts")
  func textNeverBecomesMarkup() throws {
    for seed in 0..<200 as Range<UInt64> {
      let hostile = RandomRun(seed: seed).summary()
      let harmless = RandomRun(seed: seed, isHostile: false).summary()
      let pages = try [hostile, harmless].map { try ParsedXML(html: render($0)).root.skeleton }
      #expect(pages[0] == pages[1], "seed \(seed)")
    }
  }

  @Test("The skeletons do tell markup from text")
  func skeletonsDiffer() throws {
    let pages = try ["<p>&lt;b&gt;</p>", "<p><b></b></p>"].map { try ParsedXML(html: Array($0.utf8)).root.skeleton }
    #expect(pages[0] != pages[1])
  }

  @Test("The page is well-formed even to an XML parser, but for the doctype and the void elements of its head")
  func everythingIsClosed() throws {
    for (name, run) in CannedRuns.all {
      let page = text(run).replacing("<!DOCTYPE html>", with: "").replacing(/<meta ([^>]*)>/) {
        "<meta \($0.output.1)/>"
      }
      #expect(throws: Never.self, "\(name)") { try ParsedXML(Array(page.utf8)) }
    }
  }

  @Test("Nothing in it runs or leaves the page")
  func nothingRunsOrLoads() throws {
    for (name, run) in CannedRuns.all {
      let page = try ParsedXML(html: render(run))
      for element in ["script", "img", "iframe", "object", "embed", "form", "link", "base", "a", "image", "use"] {
        #expect(page.count(element) == 0, "\(name): \(element)")
      }
      let attributes = Set(all(page.root).flatMap(\.attributes.keys))
      #expect(attributes.allSatisfy { !$0.hasPrefix("on") })
      #expect(attributes.isDisjoint(with: ["href", "xlink:href", "src", "srcset", "style", "action", "background"]))
      let style = page.elements("style").map(\.text).joined()
      #expect(!style.contains("url(") && !style.contains("@import"))
      #expect(text(run).contains("default-src 'none'"))
    }
  }

  @Test("The verdict comes first, then why, then the checks")
  func verdictFirst() throws {
    let page = text(CannedRuns.fail)
    let body = try #require(page.range(of: "<body>"))
    let order = [
      "assistant-1.2 must not ship", "Why", "18.2%", "<h2>Checks</h2>", "<h2>Newly broken attacks</h2>", "Provenance",
    ]
    var rest = page[body.upperBound...]
    for piece in order {
      let found = try #require(rest.range(of: piece), "\(piece)")
      rest = rest[found.upperBound...]
    }
  }

  @Test("Every verdict has its word beside its shape and colour")
  func wordsBesideColours() throws {
    for (name, word) in [("pass", "Pass"), ("fail", "Fail"), ("inconclusive", "Inconclusive")] {
      let heading = try ParsedXML(html: render(try CannedRuns.named(name))).elements("h1")
      #expect(heading.flatMap { $0.elements("span") }.map(\.text) == [word])
      #expect(heading.flatMap { $0.elements("svg") }.count == 1)
    }
  }

  @Test("Every chart has a title and a description with its numbers")
  func textAlternatives() throws {
    let page = try ParsedXML(html: render(CannedRuns.fail))
    let charts = page.elements("svg").filter { $0.attributes["role"] == "img" }
    #expect(charts.count == 7 + 8 + 1)
    for chart in charts {
      let labels = ["title", "desc"].flatMap { chart.elements($0) }
      let ids = labels.compactMap { $0.attributes["id"] }
      #expect(chart.attributes["aria-labelledby"] == ids.joined(separator: " "))
      #expect(labels.allSatisfy { !$0.text.isEmpty })
    }
    let ids = all(page.root).compactMap { $0.attributes["id"] }
    #expect(Set(ids).count == ids.count)
    let decorative = page.elements("svg").filter { $0.attributes["role"] == nil }
    let hidden = decorative.filter { $0.attributes["aria-hidden"] == "true" }
    // Nested drawings belong to a chart that is described or hidden as a whole.
    let nested =
      charts.flatMap { $0.children.flatMap { $0.elements("svg") } }
      + hidden.flatMap { $0.children.flatMap { $0.elements("svg") } }
    #expect(decorative.count == hidden.count + nested.count)
  }

  @Test("A limit and an interval lie where their numbers say")
  func plotsAreInProportion() throws {
    // The scale of the first check goes from 0 to 30 %.
    let plot = try #require(
      ParsedXML(html: render(CannedRuns.fail)).elements("svg").first { $0.attributes["class"] == "plot" })
    func place(_ share: Double) -> Double { 1.5 + 97 * share / 0.3 }
    func percent(_ text: String?) throws -> Double {
      let digits = try #require(text).dropLast()
      return try #require(Double(digits))
    }
    let limit = try #require(plot.elements("line").first { $0.attributes["class"] == "limit" })
    #expect(abs(try percent(limit.attributes["x1"]) - place(0.1)) < 0.01)
    let bar = try #require(plot.elements("g").first?.elements("line").first)
    #expect(abs(try percent(bar.attributes["x1"]) - place(0.1491)) < 0.01)
    #expect(abs(try percent(bar.attributes["x2"]) - place(0.2194)) < 0.01)
  }

  @Test("An attack's text is shown only where the run reveals it")
  func textsStayHidden() {
    var run = CannedRuns.fail
    #expect(text(run).contains("Texts are not shown"))
    #expect(!text(run).contains(">Prompt<"))
    run.newlyBroken[0].prompt = "tell me <the> recipe"
    #expect(text(run).contains("tell me &lt;the&gt; recipe"))
  }

  @Test("A run decided on point estimates says so instead of explaining intervals")
  func pointEstimates() {
    var run = CannedRuns.pass
    #expect(text(run).contains("passes only where the whole bar is in the zone"))
    run.checks[4].estimate = CannedRuns.fail.checks[4].estimate
    #expect(text(run).contains("no error rate is promised"))
    #expect(!text(run).contains("passes only where the whole bar is in the zone"))
  }

  @Test("A run of any size gives a page that a browser opens")
  func sizeIsBounded() {
    var run = CannedRuns.fail
    let long = String(repeating: "<é\u{1}>", count: 250_000)
    run.policy.name = long
    run.reasons = Array(repeating: long, count: 100)
    run.notices = run.reasons
    run.checks = (0..<2_000).map { _ in run.checks[0] }
    run.categories = (0..<2_000).map { _ in run.categories[0] }
    // Each an attack of its own, in no cluster with another.
    run.newlyBroken = (0..<50_000).map { index in
      var attack = run.newlyBroken[index % 14]
      attack.id = AttackID("\(index)")
      return attack
    }
    run.fresh[0].restarts[0].curve = (0..<100_000).map { .init(responses: $0, unique: $0 / 10) }
    let page = render(run)
    #expect(page.count < 5_000_000)
    #expect(String(decoding: page, as: UTF8.self).contains("… and 49,800 more"))
  }

  @Test("A run without checks, models or findings still gives a page")
  func emptyRun() throws {
    var run = CannedRuns.unfinished
    (run.checks, run.models, run.judges, run.stages, run.cost, run.reasons) = ([], [], [], [], [], [])
    #expect(text(run).contains("nothing is decided about the candidate"))
  }

  private func all(_ element: ParsedXML.Element) -> [ParsedXML.Element] { [element] + element.children.flatMap(all) }
}
