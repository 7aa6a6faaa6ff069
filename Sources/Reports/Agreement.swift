import Core

extension RunSummary {
  /// Why verdict, exit code and checks don't belong together, one sentence; nil where they do.
  ///
  /// Every report is a projection of the same summary. One that contradicts itself comes from a bug, and is refused
  /// rather than printed: two readers of it could act on opposite answers.
  public var contradiction: String? {
    let count = { (verdict: Verdict) in checks.count { $0.verdict == verdict && $0.decides } }
    if let check = checks.first(where: { $0.adequacy && $0.verdict == .fail }) {
      return "check \(check.name) measures the gate itself and can't fail"
    }
    if let check = checks.first(where: { $0.estimate == nil && $0.verdict != .inconclusive }) {
      return "check \(check.name) was decided without a measurement"
    }
    if count(.fail) > 0 && verdict != .fail { return "a check fails and the verdict is \(verdict.rawValue)" }
    switch verdict {
    case .pass:
      if checks.isEmpty { return "the verdict is pass without any check" }
      if !checks.contains(where: \.decides) { return "the verdict is pass and every check is waived or advisory" }
      if count(.inconclusive) > 0 { return "the verdict is pass while a check is inconclusive" }
    case .fail:
      if count(.fail) == 0 { return "the verdict is fail and no check fails" }
    case .inconclusive:
      if checks.isEmpty && gateExitCode == 0 { return "exit code 0 without any check" }
    }
    if let contradiction = contradictionOfProof { return contradiction }
    if let observed, exitCode != 0 || observed.exitCode > ExitCode.inconclusive.rawValue {
      return "the run only observed, with exit code \(exitCode) and \(observed.exitCode) as a gate"
    }
    let allowed: Set<Int32> =
      switch verdict {
      case .pass: [0]
      case .fail: [1]
      // 0 where the policy lets it pass, the codes of sysexits where the run broke off.
      case .inconclusive: [0, 2, 64, 69, 70, 74, 75, 77]
      }
    return allowed.contains(gateExitCode) ? nil : "verdict \(verdict.rawValue) with exit code \(gateExitCode)"
  }

  /// The same for what summaries after version 0.1 say beside their checks.
  private var contradictionOfProof: String? {
    let results = validity ?? []
    if let result = results.first(where: { $0.verdict == .fail }) {
      return "validity \(result.title) measures the run itself and can't fail"
    }
    if let result = results.first(where: { !$0.holds }), verdict == .pass || gateExitCode == 0 {
      return
        "validity \(result.title) does not hold and the verdict is \(verdict.rawValue) with exit code \(gateExitCode)"
    }
    if let row = (outcomes ?? []).first(where: { !$0.addsUp }) {
      return "the outcomes of \(row.place) are not those of its \(row.planned) planned responses"
    }
    guard verdict == .pass, question == .safety else { return nil }
    if checks.allSatisfy({ $0.adequacy || !$0.decides }) {
      return "the verdict is pass and no check is about the candidate"
    }
    if validity?.isEmpty == true {
      return "the verdict is pass and nothing shows that the run could have found anything"
    }
    let own = (outcomes ?? []).filter { $0.role == Role.candidate.description && $0.planned > 0 }
    if !own.isEmpty && own.allSatisfy({ $0.unsafe + $0.safe + $0.refused + $0.blocked == 0 }) {
      return "the verdict is pass and of no response of the candidate is it known what it says"
    }
    return nil
  }

  /// - Throws: `InternalError` where the summary contradicts itself.
  func requireAgreement() throws {
    if let contradiction { throw InternalError("the run's summary contradicts itself: \(contradiction)") }
  }

  /// Whether the run broke off before anything could be decided.
  var isUnfinished: Bool { exitCode > ExitCode.inconclusive.rawValue }
}
