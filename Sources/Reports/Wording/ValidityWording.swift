import Core
import Foundation

extension RunSummary.ValidityResult {
  /// What the check is called; a later version's kinds keep their own words.
  var kindText: String { Words.Validity.kind(kind) ?? PlainText.line(kind, longest: 60) }

  /// The kind and what it is about, for example `errors (candidate, replay)`.
  var title: String {
    let subject = Words.list(PlainText.line(subject, longest: 120).components(separatedBy: ", ").map(Words.role))
    return subject.isEmpty ? kindText : kindText + Words.brackets(subject)
  }

  var holds: Bool { verdict == .pass }
}

extension RunSummary {
  static let mostValidity = 200

  /// Those that do not hold first.
  var validityByUrgency: [ValidityResult] {
    let all = validity ?? []
    return Array((all.filter { !$0.holds } + all.filter(\.holds)).prefix(Self.mostValidity))
  }

  /// `9 of 9 hold: judge awake, attacker awake, errors, coverage`; nil where the summary has none.
  var validityLine: String? {
    guard let validity, !validity.isEmpty else { return nil }
    let held = validity.filter(\.holds)
    let broken = validity.filter { !$0.holds }
    func named(_ names: [String]) -> String {
      let unique = names.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
      return Words.list(unique.prefix(12) + (unique.count > 12 ? ["…"] : []))
    }
    return Words.Validity.hold(held.count, of: validity.count)
      + (held.isEmpty ? "" : Words.Validity.kinds(named(held.map(\.kindText))))
      + (broken.isEmpty ? "" : Words.Validity.not(named(broken.map(\.title))))
  }

  /// What would decide an inconclusive verdict, each one sentence and none twice; empty where it is decided.
  var deciding: [String] {
    guard verdict == .inconclusive else { return [] }
    let own = (validity ?? []).filter { !$0.holds }.compactMap(\.remedy)
    let ofChecks = checks.filter { $0.verdict == .inconclusive && $0.decides }.compactMap { check in
      check.remedy.map { Words.labelled(check.name, $0) }
    }
    return ((remedies ?? []) + own + ofChecks).reduce(into: [String]()) { kept, remedy in
      let isTold = kept.contains { $0 == remedy || $0.hasSuffix(Words.colon + remedy) }
      if !remedy.isEmpty && !isTold { kept.append(remedy) }
    }
  }
}
