import Core

/// The suite that a run's rates are about: numbers on different suites are not one trend.
enum SuiteIdentity: Hashable, Sendable {
  /// SHA-256 of the suite's file; of several, joined in the order of their digests.
  case digest(String)
  /// The run rests on files, and none of them is a suite.
  case absent
  /// Summaries of version 0.1 don't say.
  case unrecorded

  var digest: String? {
    if case .digest(let digest) = self { return digest }
    return nil
  }

  var text: String {
    switch self {
    case .digest(let digest): Words.History.suite(PlainText.line(String(digest.prefix(12))))
    case .absent: Words.History.noSuite
    case .unrecorded: Words.History.unrecorded
    }
  }
}

extension RunHistory.Entry {
  private static let suiteUse = "suite.seeds"

  var suite: SuiteIdentity {
    guard let inputs = summary.policy.inputs else { return .unrecorded }
    let digests = inputs.filter { $0.use == Self.suiteUse }.map(\.hash).sorted()
    return digests.isEmpty ? .absent : .digest(digests.joined(separator: "+"))
  }
}

/// One check on one suite: the runs whose numbers may be compared.
struct Trend: Sendable {
  let suite: SuiteIdentity
  let metric: String
  /// Places of its runs in the history.
  var places: [Int]
}

extension RunHistory {
  /// Whether any run says what its suite was; where none does, all are shown as version 0.1 did.
  var isSuiteRecorded: Bool { entries.contains { $0.suite != .unrecorded } }

  /// The trends of the check of this name, in the order of their first run.
  func trends(of check: String) -> [Trend] {
    entries.enumerated().reduce(into: [Trend]()) { trends, entry in
      guard let result = entry.element.summary.checks.first(where: { $0.name == check }) else { return }
      let suite = entry.element.suite
      if let own = trends.firstIndex(where: { $0.suite == suite && $0.metric == result.metric }) {
        trends[own].places.append(entry.offset)
      } else {
        trends.append(Trend(suite: suite, metric: result.metric, places: [entry.offset]))
      }
    }
  }
}
