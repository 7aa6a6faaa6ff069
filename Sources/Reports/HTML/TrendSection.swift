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
    let runs = releases.count == 1 ? "1 earlier run" : "\(Numbers.count(releases.count)) earlier runs"
    return """
      <section id="trend">
      <h2>From release to release</h2>
      <p class="lead">\(runs) of this policy in the same ledger, on the same suite and by the same judge, oldest on the left. \
      The dot is the number measured, the bar the range that the evidence leaves possible, the shaded zone what the policy \
      allows now.</p>
      <div class="wide" tabindex="0" role="group" aria-label="Releases"><table class="stack"><thead><tr><th scope="col">Ended (UTC)</th>\
      <th scope="col">Candidate</th><th scope="col">Verdict</th><th scope="col">Checks violated or undecided</th>\
      <th scope="col">Run</th></tr></thead>
      <tbody>\(history.entries.reversed().map(row))</tbody></table></div>
      \(plots)
      </section>
      """
  }

  private func row(_ entry: RunHistory.Entry) -> Markup {
    let run = entry.summary
    let open = run.checks.filter { $0.verdict != .pass }.map(\.name)
    let list = Shown(open, most: 6)
    let rest = list.hidden == 0 ? "" : " and \(Numbers.count(list.hidden)) more"
    let names = open.isEmpty ? "none" : list.elements.joined(separator: ", ") + rest
    let own: Markup = run.run == summary.run ? #"<span class="noun">this run</span>"# : ""
    return """
      <tr><td data-label="Ended">\(Timestamp(entry.date).short)</td><th scope="row">\(PlainText.line(run.candidateName, longest: 60))\(own)</th>\
      <td class="word \(Figure.name(run.verdict))">\(Figure.word(run))</td><td data-label="Violated or undecided">\(names)</td>\
      <td data-label="Run"><code>\(run.run)</code></td></tr>

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
