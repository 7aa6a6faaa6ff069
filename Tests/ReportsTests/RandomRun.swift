import Core

/// Summaries as no run would make them, but as the gate's rules allow: any text in every field, any number of everything.
struct RandomRun {
  private var random: SeededGenerator
  /// Harmless runs have the same shape as hostile ones of the same seed: only the texts differ.
  private let isHostile: Bool
  private var texts = 0

  init(seed: UInt64, isHostile: Bool = true) {
    random = SeededGenerator(seed: seed)
    self.isHostile = isHostile
  }

  func summary() -> RunSummary {
    var copy = self
    return copy.make()
  }

  private mutating func make() -> RunSummary {
    let checks = many(8) { $0.check() }
    let validity = random.next() % 3 == 0 ? nil : many(4) { $0.validity() }
    let isBroken = (validity ?? []).contains { $0.verdict != .pass }
    let isOpen = checks.isEmpty || isBroken || checks.contains { $0.verdict == .inconclusive }
    let verdict: Verdict = checks.contains { $0.verdict == .fail } ? .fail : isOpen ? .inconclusive : .pass
    // Only what was shown to be able to find something passes as safe.
    let isShown = validity?.isEmpty != true && checks.contains { !$0.adequacy }
    let questions = RunSummary.Question.allCases.filter { $0 != .safety || verdict != .pass || isShown }
    let exit: Int32 =
      switch verdict {
      case .pass: 0
      case .fail: 1
      case .inconclusive:
        (checks.isEmpty || isBroken ? [2, 69, 75] : [0, 2, 2, 64, 69, 70, 75, 77]).randomElement(using: &random) ?? 2
      }
    var run = RunSummary(
      run: text(),
      policy: .init(
        name: text(), path: text(), hash: text(), seed: random.next(), confidence: 0.95,
        overrides: many(3) { $0.text() }, digest: random.next() % 2 == 0 ? nil : text(),
        inputs: random.next() % 3 == 0 ? nil : many(3) { .init(use: $0.text(), path: $0.text(), hash: $0.text()) }
      ), verdict: verdict, exitCode: exit, reasons: many(3) { $0.text() },
      models: ["candidate", "baseline", text()].map { role in
        .init(role: role, name: text(), fingerprint: text(), kind: text(), signs: signs())
      },
      judges: many(2) { .init(use: $0.text(), name: $0.text(), fingerprint: $0.text()) },
      stages: stages(), checks: checks, newlyBroken: many(5) { $0.attack() },
      categories: many(4) {
        .init(
          category: $0.text(), attacks: $0.count(), candidate: $0.estimate(), baseline: $0.estimate(),
          newlyBroken: $0.count())
      },
      transforms: random.next() % 2 == 0
        ? nil
        : many(3) {
          .init(
            transform: $0.count() % 3 == 0 ? nil : $0.text(), attacks: $0.count(), candidate: $0.estimate(),
            baseline: $0.estimate(), newlyBroken: $0.count())
        },
      tries: random.next() % 2 == 0
        ? nil
        : many(3) {
          .init(tries: $0.count(), attacks: $0.count(), candidate: $0.estimate(), baseline: $0.estimate())
        }, fresh: many(3) { $0.fresh() }, tuning: tuning(),
      cost: many(3) {
        .init(
          role: $0.text(), responses: $0.count(), reused: $0.count(), errors: $0.count(), unscored: $0.count(),
          promptTokens: $0.count(), completionTokens: $0.count(), seconds: $0.number())
      }, calibration: calibration(), evidence: .init(ledger: text(), sealed: true, headHash: text()),
      notices: many(2) { $0.text() }, weakenings: random.next() % 3 == 0 ? nil : many(3) { $0.text() },
      question: random.next() % 4 == 0 ? nil : questions.randomElement(using: &random),
      outcomes: random.next() % 3 == 0 ? nil : many(4) { $0.outcome() }, validity: validity,
      remedies: random.next() % 3 == 0 ? nil : many(3) { $0.text() })
    addParts(to: &run)
    return run
  }

  private mutating func addParts(to run: inout RunSummary) {
    run.tags = many(3) {
      .init(
        tag: $0.text(), attacks: $0.count(), candidate: $0.estimate(), baseline: $0.estimate(), newlyBroken: $0.count())
    }
    run.turns = many(3) {
      .init(
        turns: $0.count(), attacks: $0.count(), candidate: $0.estimate(), baseline: $0.estimate(),
        newlyBroken: $0.count())
    }
    run.clusters = many(12) {
      .init(
        cluster: $0.text(), category: $0.text(), attack: AttackID($0.text()), attacks: $0.count(),
        candidate: .init(unsafe: $0.count(), scored: $0.count()),
        baseline: .init(unsafe: $0.count(), scored: $0.count()), newlyBroken: $0.count())
    }
    let checks = run.checks.map(\.name)
    run.trend = many(14) { random in
      .init(
        run: random.text(), ended: random.number(), candidate: random.text(),
        verdict: [.pass, .fail, .inconclusive][random.count() % 3],
        checks: checks.compactMap { name in
          random.estimate().map { .init(name: name, verdict: .pass, estimate: $0) }
        })
    }
  }

  private mutating func validity() -> RunSummary.ValidityResult {
    .init(
      kind: ["errors", "coverage", "judge", "attacker", text()].randomElement(using: &random) ?? "", subject: text(),
      verdict: random.next() % 8 == 0 ? .inconclusive : .pass, finding: text(),
      remedy: random.next() % 2 == 0 ? nil : text())
  }

  private mutating func outcome() -> RunSummary.OutcomeRow {
    let parts = (0..<7).map { _ in random.next() % 3 == 0 ? 0 : count() }
    return .init(
      role: ["candidate", "baseline", text()].randomElement(using: &random) ?? "",
      stage: ["replay", text()].randomElement(using: &random) ?? "", planned: parts.reduce(0, +), unsafe: parts[0],
      safe: parts[1], refused: parts[2], blocked: parts[3], cut: count(), unscored: parts[4], failed: parts[5],
      missing: parts[6], reasons: many(3) { .init(outcome: $0.text(), reason: $0.text(), count: $0.count()) })
  }

  private mutating func signs() -> RunSummary.ModelSigns? {
    if random.next() % 3 == 0 { return nil }
    return .init(
      revision: random.next() % 2 == 0 ? nil : text(), server: many(2) { $0.text() },
      identifiesBytes: random.next() % 2 == 0, settings: text(),
      isCheckpoint: [nil, true, false][Int(random.next() % 3)])
  }

  private mutating func tuning() -> RunSummary.TuningSummary? {
    if random.next() % 2 == 0 { return nil }
    let methods = many(3) { $0.text() }
    let rows = many(4) { $0.tuningRow(methods) }
    return .init(
      methods: methods, rows: rows,
      rounds: many(2) {
        .init(number: $0.count(), newAttacks: $0.count(), change: $0.estimate(), pays: true, row: $0.tuningRow(methods))
      }, clusters: count(), heldOutClusters: count(), heldOutAttacks: count(), recommended: rows.first?.variant,
      advice: many(3) { $0.text() },
      examples: many(3) {
        .init(
          id: AttackID($0.text()), category: $0.text(), unsafeBefore: $0.count(), scoredBefore: $0.count(),
          unsafeAfter: $0.count(), scoredAfter: $0.count(), prompt: $0.text(), before: $0.text(), after: $0.text())
      })
  }

  private mutating func tuningRow(_ methods: [String]) -> RunSummary.TuningSummary.Row {
    var row = RunSummary.TuningSummary.Row(
      variant: text(), problem: random.next() % 3 == 0 ? text() : nil, model: nil, refusals: count(),
      benignExamples: count())
    row.cells = methods.map { .init(method: $0, adaptive: estimate(), heldOut: estimate(), yield: number()) }
    row.mean = estimate()
    row.change = estimate()
    row.refusalRate = estimate()
    row.overRefusal = estimate()
    row.quiz = estimate()
    row.quizChange = estimate()
    row.meanTokens = number()
    row.meanLatency = number()
    return row
  }

  private mutating func calibration() -> RunSummary.Calibration? {
    if random.next() % 2 == 0 { return nil }
    return .init(
      labels: count(), unused: count(), reviewers: estimate(), isUsed: random.next() % 2 == 0,
      rows: many(4) {
        .init(
          category: $0.text(), locale: $0.text(), unsafe: $0.count(), safe: $0.count(), sensitivity: $0.estimate(),
          specificity: $0.estimate(), kappa: $0.estimate(), alpha: $0.estimate())
      })
  }

  private mutating func stages() -> [RunSummary.StageSummary] {
    ["preflight", "replay", "benign", text(), "decide"].map {
      .init(name: $0, ran: random.next() % 3 > 0, seconds: number(), detail: text())
    }
  }

  private mutating func check() -> RunSummary.CheckResult {
    let adequacy = random.next() % 3 == 0
    let verdict: Verdict =
      [.pass, .pass, adequacy ? .inconclusive : .fail, .inconclusive].randomElement(using: &random) ?? .pass
    let metric = ["replay.asr", "replay.regression", "replay.newly_broken", "fresh.diversity", text()].randomElement(
      using: &random)
    let isNarrowed = random.next() % 2 == 0
    let name = (metric ?? "") + (isNarrowed ? "[category=\(text())]" : "")
    let measured = estimate()
    let limits = [number(), number()].sorted()
    let isLower = random.next() % 2 == 0
    return .init(
      name: name, metric: metric ?? "", stage: ["replay", "confirm", text()].randomElement(using: &random) ?? "",
      limit: Limit(atLeast: isLower ? limits[0] : nil, atMost: isLower ? nil : limits[1]),
      estimate: verdict == .inconclusive
        ? measured
        : measured ?? Estimate(value: 0, lower: 0, upper: 1, confidence: 0.95, n: 1, effectiveN: 1, method: text()),
      verdict: verdict, adequacy: adequacy, explanation: text(), reason: text(),
      readings: random.next() % 3 == 0
        ? nil
        : .init(
          suiteLower: number(), suiteUpper: number(), worsened: count(), improved: count(), midP: number(),
          otherWeighting: random.next() % 2 == 0
            ? nil : .init(weight: text(), value: number(), lower: number(), upper: number())),
      remedy: random.next() % 2 == 0 ? nil : text())
  }

  private mutating func attack() -> RunSummary.BrokenAttack {
    .init(
      id: AttackID(text()), category: random.next() % 3 > 0 ? text() : nil, cluster: text(), candidateUnsafe: count(),
      candidateScored: count(), baselineUnsafe: count(), baselineScored: count(), adjustedP: random.uniformDouble(),
      prompt: random.next() % 2 == 0 ? text() : nil)
  }

  private mutating func fresh() -> RunSummary.FreshSummary {
    .init(
      role: text(), reused: random.next() % 2 == 0,
      restarts: many(3) { random in
        .init(
          index: random.count(), responses: random.count(), claimed: random.count(), confirmed: random.count(),
          unique: random.count(), curve: random.many(6) { .init(responses: $0.count(), unique: $0.count()) })
      },
      uniqueAttacks: [text(): count(), text(): count()], vendiScore: random.next() % 2 == 0 ? number() : nil,
      meanCosineDistance: number(), byCategory: [text(): count(), text(): count()],
      map: random.next() % 4 == 0
        ? nil : many(9) { .init(x: $0.number(), y: $0.number(), category: $0.random.next() % 3 > 0 ? $0.text() : nil) },
      confirmation: random.next() % 2 == 0
        ? nil
        : ConfirmationRule(
          responses: count(), needed: count(), rate: random.next() % 2 == 0 ? nil : number(),
          confidence: random.next() % 2 == 0 ? nil : number()))
  }

  // MARK: - Values

  private mutating func many<Value>(_ most: UInt64, _ make: (inout RandomRun) -> Value) -> [Value] {
    (0..<(random.next() % (most + 1))).map { _ in make(&self) }
  }

  private mutating func estimate() -> Estimate? {
    if random.next() % 5 == 0 { return nil }
    let bounds = [number(), number(), number()].sorted()
    return Estimate(
      value: bounds[1], lower: bounds[0], upper: bounds[2], confidence: 0.99, n: count() % 3, effectiveN: number(),
      unscored: count(), method: text())
  }

  private mutating func count() -> Int { Int(random.next() % 2_000) }

  private mutating func number() -> Double {
    let kind = random.next() % 12
    let x = random.uniformDouble()
    switch kind {
    case 0: return .infinity
    case 1: return -.infinity
    case 2: return 0
    case 3: return 1e300
    case 4: return -x * 100
    case 5: return x * 1e-9
    default: return x
    }
  }

  /// A text of its own each time, so that equal ones don't fall together in a harmless run and stay apart in a hostile.
  private mutating func text() -> String {
    texts += 1
    let choice = Int(random.next() % UInt64(Self.hostile.count))
    let scalars = (0..<8).map { _ in
      Unicode.Scalar(UInt32(truncatingIfNeeded: random.next() % 0x11_0000)) ?? "\u{FFFE}"
    }
    if !isHostile { return "text \(texts)" }
    return Self.hostile[choice] + String(String.UnicodeScalarView(scalars)) + " \(texts)"
  }

  static let hostile = [
    "<script>document.title='broken'</script>", "\"><img src=x onerror=alert(1)>", "' onmouseover='alert(1)",
    "</style><style>*{display:none}</style>", "</title></head><body onload=alert(1)>", "]]><x/>",
    "&amp;&lt;&#60;b&#62;",
    "<!-- ", "--> <![CDATA[", "\u{0}\u{1}\u{8}\u{B}\u{C}\u{E}\u{1F}\u{7F}\u{80}\u{9F}", "\u{FFFE}\u{FFFF}\u{1FFFE}",
    "\u{202E}txt.exe\u{202C}", "\u{1B}[31m\u{1B}]0;title\u{7}", "👩‍👩‍👧‍👦🏴󠁧󠁢󠁥󠁮󠁧󠁿e\u{301}\u{301}",
    "line\r\nbreak\ttab\u{2028}\u{2029}\u{85}",
    "| a | b |\n|---|---|\n# heading", "[link](https://example.com) ![](https://example.com/x.png)",
    "@someone #1 `code` ```",
    "<svg/onload=alert(1)>", "{{7*7}} ${HOME} %s %n", "\\", "",
  ]
}
