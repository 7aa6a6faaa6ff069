import Core
import Decisions
import Foundation
import Testing

@testable import Reports

@Suite("Sections of the page on parts of the suite and on earlier releases")
struct PartsTests {
  private func page(_ run: RunSummary) throws -> ParsedXML {
    try ParsedXML(html: HTMLReport.render(run, date: CannedRuns.date, version: CannedRuns.version))
  }

  private static func estimate(_ value: Double) -> Estimate {
    Estimate(
      value: value, lower: value / 2, upper: min(1, value * 2), confidence: 0.95, n: 20, effectiveN: 10, method: "m")
  }

  static var divided: RunSummary {
    var run = CannedRuns.fail
    run.tags = ["atlas:AML.T0051", "owasp:llm01"].map {
      .init(tag: $0, attacks: 7, candidate: estimate(0.4), baseline: estimate(0.1), newlyBroken: 2)
    }
    run.turns = [1, 3].map {
      .init(turns: $0, attacks: 9, candidate: estimate(0.3), baseline: nil, newlyBroken: 0)
    }
    run.clusters = (0..<11).map {
      .init(
        cluster: "cluster-\($0)", category: $0 == 0 ? nil : "leak", attack: AttackID("a\($0)"), attacks: 3,
        candidate: .init(unsafe: 11 - $0, scored: 12), baseline: .init(unsafe: 0, scored: 12), newlyBroken: $0 % 2)
    }
    run.trend = (0..<3).map { release($0, like: run) }
    return run
  }

  private static func release(_ number: Int, like run: RunSummary) -> RunSummary.Release {
    let verdict: Verdict = number == 2 ? .fail : .pass
    let points = run.checks.compactMap { check -> RunSummary.Release.Point? in
      guard let estimate = check.estimate else { return nil }
      return RunSummary.Release.Point(name: check.name, verdict: verdict, estimate: estimate)
    }
    let ended = 1_767_225_600 + Double(number) * 86_400
    return RunSummary.Release(
      run: "20260101-00000\(number)-abcd", ended: ended, candidate: "release-\(number)", verdict: verdict,
      checks: points)
  }

  @Test("Tags, turns and clusters have a table each, and none where nothing is known of them")
  func tables() throws {
    let page = try page(Self.divided)
    let sections = page.elements("section").compactMap { $0.attributes["id"] }
    #expect(Set(["tags", "turns", "clusters", "trend"]).isSubset(of: sections))
    let tags = try #require(page.elements("section").first { $0.attributes["id"] == "tags" })
    #expect(tags.elements("th").contains { $0.text.contains("owasp:llm01") })
    let bare = try self.page(CannedRuns.fail).elements("section").compactMap { $0.attributes["id"] }
    #expect(Set(["tags", "turns", "clusters", "trend"]).isDisjoint(with: bare))
  }

  @Test("Clusters past the first ones are folded, and every one has an attack to ask for")
  func clusters() throws {
    let section = try #require(try page(Self.divided).elements("section").first { $0.attributes["id"] == "clusters" })
    #expect(section.elements("tbody").map { $0.count("tr") } == [8, 3])
    #expect(section.elements("summary").map(\.text) == ["3 more clusters"])
    let codes = section.elements("code").map(\.text)
    #expect((0..<11).allSatisfy { codes.contains("a\($0)") })
  }

  @Test("The trend has every release with this run as the newest, dates and candidates on its axis, and tooltips")
  func trend() throws {
    let run = Self.divided
    let section = try #require(try page(run).elements("section").first { $0.attributes["id"] == "trend" })
    let rows = try #require(section.elements("tbody").first).elements("tr")
    #expect(rows.count == 4 && rows[0].elements("span").first?.text == "this run")
    #expect(rows.dropFirst().compactMap { $0.elements("th").first?.text } == ["release-2", "release-1", "release-0"])
    let charts = section.elements("svg").filter { $0.attributes["class"] == "plot" }
    #expect(charts.count == run.checks.count { !$0.adequacy && $0.measured != nil })
    for chart in charts {
      let labels = chart.elements("text").map(\.text)
      #expect(labels.contains("2026-01-01") && labels.contains("release-1"), "\(labels)")
      let tooltips = chart.elements("g").compactMap { $0.elements("title").first?.text }
      #expect(tooltips.contains { $0.contains("release-0, run 20260101-000000-abcd") }, "\(tooltips)")
    }
  }

  @Test("An axis of many runs shows the newest and no more labels than there is room for")
  func axis() throws {
    let entries = (0..<40).map { index in
      var run = CannedRuns.proven
      run.run = "run-\(index)"
      return RunHistory.Entry(date: CannedRuns.date.addingTimeInterval(86_400 * Double(index)), summary: run)
    }
    let page = try ParsedXML(html: RunHistory(entries: entries).html(version: "1"))
    let chart = try #require(page.elements("svg").first { $0.attributes["class"] == "plot" })
    let dates = chart.elements("text").map(\.text).filter { $0.hasPrefix("2026-") }
    #expect(dates.count == 8 && dates.first == String(Timestamp(entries[39].date).iso.prefix(10)))
  }

  @Test("Every identifier is there once, whatever sections a page has")
  func identifiers() throws {
    var whole = Self.divided
    whole.tuning = CannedRuns.tuned.tuning
    whole.transforms = [nil, "base64"].map {
      .init(transform: $0, attacks: 3, candidate: Self.estimate(0.1), baseline: nil, newlyBroken: 0)
    }
    whole.tries = [1, 5].map { .init(tries: $0, attacks: 3, candidate: Self.estimate(0.1), baseline: nil) }
    for (name, run) in CannedRuns.all + [("whole", whole)] {
      let page = String(
        decoding: HTMLReport.render(run, date: CannedRuns.date, version: CannedRuns.version), as: UTF8.self)
      let ids = page.matches(of: /\sid="([^"]+)"/).map { String($0.1) }
      #expect(Set(ids).count == ids.count, "\(name)")
    }
  }

  @Test("Variants are named with their paths")
  func variants() throws {
    var run = CannedRuns.tuned
    run.tuning?.rows[0].model = .init(
      role: "variant.a", name: "build/variants/a", fingerprint: "f", kind: "local")
    let text = try #require(try page(run).elements("section").first { $0.attributes["id"] == "tuning" }).wholeText
    let paths = (run.tuning?.rows ?? []).compactMap(\.model?.name)
    #expect(!paths.isEmpty)
    for path in paths { #expect(text.contains(path), "\(path)") }
  }

  @Test("No markup is shown as text, on any page")
  func markupAsText() throws {
    for (name, run) in CannedRuns.all + [("divided", Self.divided)] {
      let text = try #require(try page(run).elements("body").first).wholeText
      #expect(!text.contains("</") && !text.contains("class="), "\(name)")
    }
  }

  @Test("Whatever tags, clusters and candidates are called, the page's markup stays its own")
  func hostile() throws {
    let pages = try [#"<b a="1">&amp;</b><script>"#, "plain"].map { word in
      var run = Self.divided
      run.tags?[0].tag = word
      run.clusters?[0].cluster = word
      run.clusters?[0].category = word
      run.trend?[0].candidate = word
      run.trend?[1].run = word
      run.trend?[1].checks[0].name = word
      return try page(run).root.skeleton
    }
    #expect(pages[0] == pages[1])
  }

  @Test("The names on the map stand above a dot of their category, and every dot says what it is")
  func map() throws {
    var run = CannedRuns.fail
    // Two heaps: their mean lies where nothing is.
    let places = [(0.0, 0.0), (0.1, 0.1), (1.0, 1.0)].map { x, y in
      RunSummary.FreshSummary.Place(x: x, y: y, category: "leak")
    }
    run.fresh = [
      .init(
        role: "candidate", reused: false, restarts: [], uniqueAttacks: [:], vendiScore: nil, meanCosineDistance: nil,
        byCategory: [:], map: places)
    ]
    let map = try #require(try page(run).elements("svg").first { $0.attributes["class"] == "map" })
    let label = try #require(map.elements("text").first { $0.text == "leak" })
    let dots = map.elements("svg").compactMap { $0.attributes["x"] }
    #expect(dots.contains(try #require(label.attributes["x"])))
    #expect(map.elements("title").contains { $0.text == "candidate, leak" })
  }
}

extension ParsedXML.Element {
  /// Its text and that of all within, element by element.
  var wholeText: String { ([text] + children.map(\.wholeText)).joined(separator: " ") }
}
