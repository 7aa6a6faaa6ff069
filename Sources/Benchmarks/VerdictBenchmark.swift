import ArgumentParser
import Core
import Foundation

/// Thousands of simulated gate decisions: how often a gate that should pass fails, one that should fail passes, and what it
/// asks for that, beside what other gates do on the same answers.
struct VerdictBenchmark: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verdicts", abstract: "Error rates, power and cost of the gate's verdicts, by simulation.")

  @Option(help: "Simulated decisions of each world and point of a power curve.") var decisions = 1_000
  @Option(help: "Decisions of each world that are put to nel gate as well.") var peerDecisions = 100
  @Option(help: "Worlds to simulate, by name; 'power' and 'saving' are two of them. All as it stands.") var worlds = ""
  @Flag(help: "200 decisions of each.") var quick = false
  @Flag(help: "Without nel gate.") var noPeer = false
  @Option(help: "Everything random derives from it.") var seed: UInt64 = 1
  @Option(help: "Where table and plot are written.") var out = ".build-bench/verdicts"

  private var count: Int { quick ? min(200, decisions) : decisions }
  private var workers: Int { ProcessInfo.processInfo.activeProcessorCount }

  /// Prints lines and keeps them for the table's file.
  private final class Page {
    private(set) var lines: [String] = []

    func add(_ text: String) {
      lines.append(text)
      print(text)
      // Rows are worth seeing while the next world is simulated.
      fflush(nil)
    }
  }

  func validate() throws {
    let known = Set(VerdictWorld.all.map(\.name) + ["power", "saving"])
    if let unknown = wanted.first(where: { !known.contains($0) }) {
      throw ValidationError("there is no world '\(unknown)': \(known.sorted().joined(separator: ", "))")
    }
    if decisions < 1 || peerDecisions < 1 { throw ValidationError("at least one decision is needed") }
  }

  private var wanted: [String] { worlds.split(separator: ",").map(String.init) }
  private func isWanted(_ name: String) -> Bool { wanted.isEmpty || wanted.contains(name) }

  func run() async throws {
    let began = ContinuousClock.now
    let page = Page()
    let nemo = await peer(page)
    let table = try await wrongVerdicts(page, nemo)
    var isGood = true
    if isWanted("power") { isGood = try await power(page, nemo) && isGood }
    if isWanted("saving") { isGood = try await saving(page) && isGood }
    await nemo?.stop()
    for row in table.short { page.add("above what is allowed: \(row)") }
    let worst = table.worst
    page.add(String(format: "The worst of what is promised: %@, at %.2f of what is allowed", worst.row, worst.ratio))
    // Rounded up: 1.004 is above the bar.
    let ratio = (worst.ratio * 100).rounded(.up) / 100
    page.add(String(format: "verdicts ratio=%.2f bar=1.00 %@", ratio, isGood && table.short.isEmpty ? "ok" : "short"))
    try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
    try Data((page.lines.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: "\(out)/table.txt"))
    FileHandle.standardError.write(Data("verdicts: \((ContinuousClock.now - began).components.seconds) s\n".utf8))
  }

  /// Nil where it can't be had, and the table says why.
  private func peer(_ page: Page) async -> NeMoGate? {
    if noPeer { return nil }
    do {
      let nemo = try NeMoGate()
      try await nemo.start()
      page.add("nel gate: \(await nemo.origin); \(peerDecisions) decisions a world, replay.regression alone")
      return nemo
    } catch {
      page.add("nel gate is left out: \(error)")
      return nil
    }
  }

  // MARK: - Wrong verdicts

  private func wrongVerdicts(_ page: Page, _ nemo: NeMoGate?) async throws -> VerdictTable {
    var table = VerdictTable()
    let worlds = VerdictWorld.all.filter { isWanted($0.name) }
    if worlds.isEmpty { return table }
    page.add(VerdictTable.legend)
    for gate in NaiveGate.allCases { page.add("  \(gate.explanation)") }
    page.add(VerdictTable.head)
    for world in worlds {
      let simulation = VerdictSimulation(world, seed: seed)
      async let rival = nemo?.decide(simulation, decisions: min(count, peerDecisions))
      let tally = try await simulation.run(decisions: count, workers: workers)
      for row in table.rows(world, tally, nemo: try await rival) { page.add(row) }
    }
    return table
  }

  // MARK: - Power

  /// The share of decisions that points of a curve get, but for the one with a bar.
  private static let curveShare = 0.3

  /// - Returns: whether every suite has the power that it should.
  private func power(_ page: Page, _ nemo: NeMoGate?) async throws -> Bool {
    var isGood = true
    var panels: [LinePlot.Panel] = []
    let names =
      ["oracle", "gate", "stopping early"] + NaiveGate.allCases.map(\.rawValue) + (nemo == nil ? [] : ["nel gate"])
    for suite in VerdictPower.suites {
      let power = VerdictPower(suite: suite, seed: seed, workers: workers)
      page.add(
        String(
          format: "%@: %d clusters, %.1f %% of weaknesses swapped: share of gates that find a regression (limit 0), %%",
          suite.world.name, suite.world.clusters, 100 * suite.world.fixed))
      page.add("  " + (["points", "asked"] + names).map { column($0, 21) }.joined())
      var lines: [String: [(x: Double, y: Double, low: Double, high: Double)]] = [:]
      for share in [0, 0.4, 0.7, 1, 1.4] {
        let decisions = share == 1 ? count : max(1, Int(Self.curveShare * Double(count)))
        let point = try await power.point(
          share * suite.delta, decisions: decisions, nemo: nemo, peerDecisions: min(decisions, peerDecisions))
        add(point, to: &lines)
        page.add(row(point))
        if share == 1 { isGood = judge(point, suite, page) && isGood }
      }
      let drawn = names.compactMap { name in lines[name].map { LinePlot.Line(name: name, points: $0) } }
      panels.append(.init(title: suite.world.name, lines: drawn))
    }
    try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
    let plot = LinePlot(
      title: "Share of gates that fail against the true regression in points", panels: panels, top: 1,
      format: { String(format: "%.0f %%", 100 * $0) })
    try Data(plot.svg.utf8).write(to: URL(filePath: "\(out)/power.svg"))
    page.add("  plot: \(out)/power.svg")
    return isGood
  }

  /// Whether the power is what the suite asks for, as far as so many decisions can tell.
  private func judge(_ point: VerdictPower.Point, _ suite: VerdictPower.Suite, _ page: Page) -> Bool {
    let plain = point.plain.interval.upper >= suite.least
    let early = suite.leastEarly.map { point.early.interval.upper >= $0 } ?? true
    page.add(
      String(
        format: "  at %.1f points %.0f %% of the oracle's power; bar: %.0f %%%@: %@", 100 * point.delta,
        100 * point.plain.value / point.oracle, 100 * suite.least,
        suite.leastEarly.map { String(format: ", %.0f %% stopping early", 100 * $0) } ?? "",
        plain && early ? "ok" : "short"))
    return plain && early
  }

  private func shares(_ point: VerdictPower.Point) -> [(name: String, share: CountedShare)] {
    [("gate", point.plain), ("stopping early", point.early)]
      + NaiveGate.allCases.map { ($0.rawValue, point.naive[$0] ?? CountedShare()) }
      + (point.nemo.map { [("nel gate", $0)] } ?? [])
  }

  private func add(
    _ point: VerdictPower.Point, to lines: inout [String: [(x: Double, y: Double, low: Double, high: Double)]]
  ) {
    let x = (1_000 * point.delta).rounded() / 10
    lines["oracle", default: []].append((x, point.oracle, point.oracle, point.oracle))
    for (name, share) in shares(point) {
      lines[name, default: []].append((x, share.value, share.interval.lower, share.interval.upper))
    }
  }

  private func row(_ point: VerdictPower.Point) -> String {
    let cells =
      [
        String(format: "%.1f", 100 * point.delta), String(format: "%.0f", 100 * point.asked),
        String(format: "%.1f", 100 * point.oracle),
      ] + shares(point).map(\.share.words)
    return "  " + cells.map { column($0, 21) }.joined()
  }

  // MARK: - Stopping early

  /// - Returns: whether half of the responses are saved where the truth is far from its limits.
  private func saving(_ page: Page) async throws -> Bool {
    page.add("Truths far from their limits, all checks: median share of the suite that is asked, %; at most 50")
    var isGood = true
    for (name, world, limits) in Self.far {
      let simulation = VerdictSimulation(world, seed: seed, questions: [.family], limits: limits, stopping: [true])
      let tally = try await simulation.run(decisions: count, workers: workers)
      let counts = tally[.family, stopsEarly: true]
      page.add(
        "  \(column(name, 32))\(column(String(format: "%.0f", 100 * counts.medianAsked), 8))"
          + "pass \(counts.passes.words)  fail \(counts.fails.words)")
      isGood = isGood && counts.medianAsked <= 0.5
    }
    return isGood
  }

  private static let far: [(String, VerdictWorld, VerdictLimits)] = {
    let limits = VerdictLimits(attackSuccess: 0.15, regression: 0.05, refusal: 0.1)
    var safe = VerdictWorld("saving-safe")
    (safe.weak, safe.fixed, safe.broken) = (0.02, 0, 0)
    var better = VerdictWorld("saving-better")
    (better.fixed, better.broken) = (0.1, 0)
    var worse = VerdictWorld("saving-worse")
    worse.fixed = 0
    return [
      ("hardly any weakness", safe, limits), ("most weaknesses fixed", better, limits),
      ("20 points worse", worse.regressed(by: 0.2), limits), ("40 points worse", worse.regressed(by: 0.4), limits),
    ]
  }()

  private func column(_ text: String, _ width: Int) -> String {
    text.padding(toLength: max(width, text.count), withPad: " ", startingAt: 0)
  }
}
