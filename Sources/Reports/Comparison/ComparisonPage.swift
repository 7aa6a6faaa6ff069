import Core
import Decisions
import Foundation

extension ComparisonReport {
  private static let firstChart = 1
  private static let mostRows = 200

  /// One page with all that the text says, every interval drawn, and the attacks that moved by cluster. It needs no network and no
  /// script.
  public func html(version: String) -> [UInt8] { language.speaking { page(version: version) } }

  private func page(version: String) -> [UInt8] {
    HTMLPage.bytes(
      in: language,
      title: "\(Words.Comparison.title(word, comparison.second.candidate, after: comparison.first.candidate))",
      """
      \(header)
      \(notes)
      \(differences)
      \(MovedSection(comparison: comparison).markup)
      <section id="runs">
      <h2>\(Words.Comparison.theRuns)</h2>
      <dl class="provenance">\(side(Words.Comparison.firstTitle, comparison.first))\(side(Words.Comparison.secondTitle, comparison.second))\
      <div><dt>Sluice</dt><dd>\(version)</dd></div></dl>
      </section>

      """)
  }

  /// The answer in a word or two.
  private var word: String {
    if !isComparable { return Words.Comparison.notComparable }
    switch comparison.differences.first?.reading {
    case .worse: return Words.Comparison.worse
    case .better: return Words.Comparison.better
    case .open, nil: return Words.Comparison.notShown
    }
  }

  private var header: Markup {
    // Not comparable is no answer, and must not look like one.
    let verdict = isComparable ? comparison.differences.first?.reading.verdict ?? .inconclusive : .inconclusive
    let items = explanations.map { sentence -> Markup in "<li><span>\(sentence)</span></li>" }
    let list: Markup = items.isEmpty ? "" : #"<ul class="why">\#(items)</ul>"#
    return """
      <header class="verdict \(Figure.name(verdict))">
      <p class="kicker">\(Words.Comparison.then(comparison.first.candidate, comparison.second.candidate))</p>
      <h1>\(Figure.badge(verdict))<span>\(word)</span></h1>
      <p class="headline">\(Words.sentence(headline))</p>
      \(list)
      </header>
      """
  }

  private var notes: Markup {
    let shown = Shown(notices, most: 30)
    if shown.elements.isEmpty { return "" }
    let items = shown.elements.map { notice -> Markup in "<li>\(notice)</li>" }
    return """
      <section class="notices" aria-label="\(Words.Page.notices)"><h2 class="small">\(Words.Page.note)</h2>\
      <ul>\(items)</ul>\(shown.remark)</section>
      """
  }

  // MARK: - Differences

  private var differences: Markup {
    if comparison.differences.isEmpty { return "" }
    let shown = Shown(comparison.differences, most: Self.mostRows)
    let measured = shown.elements.compactMap(\.difference).filter { $0.n > 0 }
    let numbers = measured.flatMap { [$0.value, $0.lower, $0.upper] }
    let scale = PlotScale(around: [0] + numbers, unit: .difference)
    let rows = shown.elements.enumerated().map { row($1, scale, id: Self.firstChart + $0) }
    return """
      <section id="differences">
      <h2>\(Words.Comparison.succeed)</h2>
      <p class="lead">\(Words.Comparison.differencesLead(Numbers.confidence(comparison.confidence)))</p>
      <table class="categories differences"><thead><tr><th scope="col">\(Words.Page.attacks)</th><th scope="col" class="chart">\
      <span class="unseen">\(Words.Page.interval)</span>\(axis(scale))</th>\
      <th scope="col" class="number">\(Words.Comparison.firstTitle)</th><th scope="col" class="number">\(Words.Comparison.secondTitle)</th>\
      <th scope="col" class="number">\(Words.Comparison.difference)</th></tr></thead>
      <tbody>\(rows)</tbody></table>
      \(shown.remark)
      </section>
      """
  }

  private func row(_ row: RunComparison.Difference, _ scale: PlotScale, id: Int) -> Markup {
    let title = PlainText.line(row.title, longest: 60)
    var content: Markup = ""
    for tick in scale.ticks {
      let place = scale.position(tick)
      content += #"<line class="grid" x1="\#(place)%" x2="\#(place)%" y1="0" y2="34"/>"#
    }
    let zero = scale.position(0)
    content += #"<line class="zero" x1="\#(zero)%" x2="\#(zero)%" y1="0" y2="34"/>"#
    var (value, range): (String, String) = ("–", Words.notMeasured)
    if let difference = row.difference, difference.n > 0 {
      content += Figure.interval(difference, on: scale, y: 17, kind: "mark \(Figure.name(row.reading.verdict))")
      (value, range) = (Numbers.text(difference.value, .difference), Numbers.interval(difference, .difference))
    }
    let chart = Figure.chart(
      id: id, kind: "pair", height: 34, title: Words.Comparison.difference(in: title),
      description: Words.Comparison.description(
        rate(row.first), rate(row.second), value, range, Words.Comparison.reading(row.reading)), content)
    return """
      <tr><th scope="row">\(title)<span class="noun">\(Words.Comparison.attacks(row.attacks))</span></th><td class="chart">\(chart)</td>\
      <td class="number" data-label="\(Words.Comparison.firstTitle)">\(rate(row.first))</td>\
      <td class="number" data-label="\(Words.Comparison.secondTitle)">\(rate(row.second))</td>\
      <td class="number" data-label="\(Words.Comparison.difference)"><b>\(value)</b><span class="bounds">\(range)</span>\
      <span class="word \(Figure.name(row.reading.verdict))">\(Words.Comparison.reading(row.reading))</span></td></tr>

      """
  }

  private func axis(_ scale: PlotScale) -> Markup {
    let labels = scale.ticks.map { Figure.label(Numbers.bound($0, .difference), x: scale.position($0), y: 13) }
    return #"<svg class="ticks" width="100%" height="16" aria-hidden="true">\#(labels)</svg>"#
  }

  private func rate(_ estimate: Estimate?) -> String {
    estimate.map { $0.n > 0 ? Numbers.text($0.value, .share) : "–" } ?? "–"
  }

  // MARK: - Runs

  private func side(_ name: String, _ side: RunComparison.Side) -> Markup {
    let ended = Timestamp(Date(timeIntervalSince1970: side.ended)).short
    let told = Words.Comparison.ended(
      side.run, side.policy, ended, Words.verdict(side.verdict), isObserved: side.isObserved)
    return """
      <div><dt>\(name)</dt><dd>\(side.candidate)<br/>\(told)</dd></div>
      """
  }
}

extension RunComparison.Reading {
  /// Worse is marked as a failure is, better as a pass, and what isn't shown as undecided.
  var verdict: Verdict {
    switch self {
    case .worse: .fail
    case .better: .pass
    case .open: .inconclusive
    }
  }
}
