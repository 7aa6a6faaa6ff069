import Core
import Foundation

/// How this release stands among earlier ones of the same policy, suite and judge.
struct TrendSection: Sendable {
  let summary: RunSummary
  let date: Date

  private static let firstChart = 5_000
  private static let mostPlots = 6

  var markup: Markup {
    guard let releases = summary.trend, !releases.isEmpty else { return "" }
    let history = self.history(releases)
    let measured = Set(releases.flatMap(\.checks).map(\.name))
    let names = summary.checksByUrgency.filter { !$0.adequacy && measured.contains($0.name) }.map(\.name)
    let plots = names.prefix(Self.mostPlots).enumerated().map {
      TrendPlot(history: history, check: $0.element, id: Self.firstChart + $0.offset).markup
    }
    return """
      <section id="trend">
      <h2>\(Words.Page.trend)</h2>
      <p class="lead">\(Words.Page.trendLead(releases.count))</p>
      <div class="wide" tabindex="0" role="group" aria-label="\(Words.Page.releases)"><table class="stack"><thead><tr>\
      <th scope="col">\(Words.Page.endedUTC)</th><th scope="col">\(Words.Page.candidate)</th><th scope="col">\(Words.Page.runVerdict)</th>\
      <th scope="col">\(Words.Page.violatedOrUndecided)</th><th scope="col">\(Words.Page.run)</th></tr></thead>
      <tbody>\(history.entries.reversed().map(row))</tbody></table></div>
      \(plots)
      </section>
      """
  }

  private func row(_ entry: RunHistory.Entry) -> Markup {
    let run = entry.summary
    let open = run.checks.filter { $0.verdict != .pass }.map(\.name)
    let list = Shown(open, most: 6)
    let rest = list.hidden == 0 ? "" : Words.Page.andMore(list.hidden)
    let names = open.isEmpty ? Words.none : Words.list(list.elements) + rest
    let own: Markup = run.run == summary.run ? #"<span class="noun">\#(Words.Page.thisRun)</span>"# : ""
    return """
      <tr><td data-label="\(Words.Page.ended)">\(Timestamp(entry.date).short)</td><th scope="row">\(PlainText.line(run.candidateName, longest: 60))\(own)</th>\
      <td class="word \(Figure.name(run.verdict))">\(Figure.word(run))</td><td data-label="\(Words.Page.open)">\(names)</td>\
      <td data-label="\(Words.Page.run)"><code>\(run.run)</code></td></tr>

      """
  }

  /// The releases with this run as the newest, as far as the trend needs them.
  private func history(_ releases: [RunSummary.Release]) -> RunHistory {
    let earlier = releases.map { release in
      RunHistory.Entry(date: Date(timeIntervalSince1970: release.ended), summary: release.summary(like: summary))
    }
    return RunHistory(entries: earlier + [RunHistory.Entry(date: date, summary: summary)])
  }
}

extension RunSummary.Release {
  /// As much of its summary as a trend needs: the suite is that of `newest`, as are the limits and the words of checks.
  fileprivate func summary(like newest: RunSummary) -> RunSummary {
    let results = checks.map { point in
      var result =
        newest.checks.first { $0.name == point.name }
        ?? RunSummary.CheckResult(
          name: point.name, metric: point.name, stage: "", limit: Limit(), estimate: nil, verdict: point.verdict,
          adequacy: false, explanation: "", reason: "")
      (result.verdict, result.estimate, result.waiver) = (point.verdict, point.estimate, nil)
      return result
    }
    var summary = RunSummary(
      run: run, policy: newest.policy, verdict: verdict, exitCode: 0, reasons: [],
      models: [.init(role: Role.candidate.description, name: candidate, fingerprint: "", kind: "")], checks: results,
      evidence: newest.evidence)
    if observed == true { summary.observed = .init(exitCode: 0) }
    return summary
  }
}
