import ArgumentParser
import Core
import Foundation

/// How fast `sluice run` replays a suite, beside aiohttp and wrk on the same server in the same run.
///
/// Sluice's part is the whole program from start to exit code: asking, commits, judging by rules, decision and reports.
/// aiohttp's (`Peers/aiohttp_replay.py`) asks the same and commits the texts; wrk sends one request again and again and
/// writes nothing, and so does libcurl alone (`Peers/curl_replay.c`), which is what any client on it can reach. They
/// take turns, and medians count, since other work on the machine slows all of them alike.
struct ReplayBenchmark: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay", abstract: "Replay against a server that is not the bottleneck, beside aiohttp and wrk.")

  @Option(help: "Attacks, three responses each; several separated by commas.") var attacks = "10000"
  @Option(help: "Requests under way at once; several separated by commas.") var concurrency = "256"
  @Option(help: "Milliseconds that an answer takes; several separated by commas.") var latency = "0,50"
  @Flag(help: "Over TLS as well.") var tls = false
  @Option(help: "Turns of each contestant where the latency is 0.") var rounds = 3
  @Option(help: "The program.") var sluice = ".build/release/sluice"

  private static let samples = 3

  private struct Cell {
    let attacks: Int
    let concurrency: Int
    let latency: Int
    let isEncrypted: Bool

    var responses: Int { attacks * ReplayBenchmark.samples }
    /// The shortest time in which the server can answer, seconds.
    var floor: Double { Double(responses) / Double(concurrency) * Double(latency) / 1000 }
    var name: String { "\(attacks) × 3, \(concurrency) at once, \(latency) ms\(isEncrypted ? ", TLS" : "")" }
  }

  private struct Run {
    let took: MeasuredProcess
    let server: LoadServer.Account
  }

  private enum Contestant: String, CaseIterable {
    case sluice
    case uvloop = "aiohttp + uvloop"
    case asyncio = "aiohttp"
  }

  func run() async throws {
    let folder = try BenchmarkFolder.make("replay")
    var cells: [Cell] = []
    for isEncrypted in tls ? [false, true] : [false] {
      for latency in try Numbers.read(latency, "--latency", from: 0) {
        for attacks in try Numbers.read(attacks, "--attacks", from: 20) {
          for concurrency in try Numbers.read(concurrency, "--concurrency", from: 1) {
            cells.append(
              Cell(attacks: attacks, concurrency: concurrency, latency: latency, isEncrypted: isEncrypted))
          }
        }
      }
    }
    print("wall and CPU seconds are medians over \(rounds) turns; the server's CPU is its own")
    var ratios: [Double] = []
    for cell in cells { ratios.append(try measure(cell, in: folder)) }
    print(BenchmarkResult(name: "replay", ratio: ratios.first ?? 0, bar: 5).line)
  }

  /// - Returns: how many times the rate of aiohttp on uvloop; the median over turns of both next to each other.
  private func measure(_ cell: Cell, in folder: URL) throws -> Double {
    print("\n\(cell.name)")
    print("                      responses/s   wall   CPU   ms of CPU    peak  connections  server's CPU")
    var runs: [Contestant: [Run]] = [:]
    for _ in 0..<(cell.latency == 0 ? max(1, rounds) : 1) {
      for contestant in Contestant.allCases { runs[contestant, default: []].append(try run(contestant, cell, folder)) }
    }
    for contestant in Contestant.allCases {
      let own = runs[contestant] ?? []
      let wall = Numbers.median(own.map(\.took.wall))
      let cpu = Numbers.median(own.map(\.took.cpu))
      let name = contestant.rawValue.padding(toLength: 20, withPad: " ", startingAt: 0)
      print(
        name
          + String(
            format: "%13.0f %6.2f %5.2f %11.3f %4.0f MB %12d %13.2f", Double(cell.responses) / wall, wall, cpu,
            1000 * cpu / Double(cell.responses), Numbers.median(own.map { Double($0.took.peakMemory) / 1e6 }),
            own.last?.server.connections ?? 0, Numbers.median(own.map(\.server.cpu))))
    }
    let bare = cell.isEncrypted ? nil : try wrk(cell, folder)
    if let bare { print("wrk (no work, no commits)" + String(format: "%8.0f", bare)) }
    if !cell.isEncrypted { try printLibcurl(cell, folder) }
    let pairs = zip(runs[.uvloop] ?? [], runs[.sluice] ?? [])
    let ratio = Numbers.median(pairs.map { $0.took.wall / $1.took.wall })
    let thrift = Numbers.median(pairs.map { $0.took.cpu / $1.took.cpu })
    print(String(format: "times aiohttp + uvloop: %.2f by wall clock, %.2f by CPU", ratio, thrift))
    if cell.latency > 0, let own = runs[.sluice]?.first {
      print(
        String(format: "of the server-bound rate, while asking: %.1f %%", 100 * cell.floor / own.server.seconds)
          // What the machine allows at the moment: it may be busy with other things.
          + (bare.map { String(format: "; wrk keeps %.1f %%", 100 * $0 * cell.floor / Double(cell.responses)) } ?? ""))
    }
    return ratio
  }

  private func run(_ contestant: Contestant, _ cell: Cell, _ folder: URL) throws -> Run {
    let place = folder.appendingPathComponent("work")
    try? FileManager.default.removeItem(at: place)
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    let certificate = (
      file: folder.appendingPathComponent("certificate.pem"), key: folder.appendingPathComponent("key.pem")
    )
    let server = try LoadServer(
      folder.appendingPathComponent("load_server"), latency: cell.latency,
      certificate: cell.isEncrypted ? certificate : nil)
    let base = "\(cell.isEncrypted ? "https" : "http")://127.0.0.1:\(server.port)/v1"
    try LoadSuite(attacks: cell.attacks, samples: Self.samples, concurrency: cell.concurrency, url: base).write(
      to: place)
    let errors = folder.appendingPathComponent("errors.txt")
    var arguments: [String]
    switch contestant {
    case .sluice: arguments = [absolute(sluice), "run", "policy.yaml", "--quiet"]
    case .uvloop, .asyncio:
      arguments = [
        absolute(".build-bench/replay/venv/bin/python"), absolute("Sources/Benchmarks/Peers/aiohttp_replay.py"),
        "\(base)/chat/completions", "seeds.jsonl", "\(Self.samples)", "\(cell.concurrency)", "peer.sqlite",
        contestant == .uvloop ? "uvloop" : "asyncio",
      ]
      if cell.isEncrypted { arguments.append(certificate.file.path) }
    }
    let environment = cell.isEncrypted ? ["SSL_CERT_FILE": certificate.file.path] : [:]
    let took = try MeasuredProcess(arguments, in: place, environment: environment, errors: errors)
    let account = try server.end()
    // Sluice's probe and its question for the list of models are the rest.
    guard (cell.responses...(cell.responses + 8)).contains(account.answered) else {
      throw SluiceError(
        .internalError, "\(contestant.rawValue) asked \(account.answered) times for \(cell.responses) responses")
    }
    return Run(took: took, server: account)
  }

  /// Requests per second, nil where there is no wrk.
  private func wrk(_ cell: Cell, _ folder: URL) throws -> Double? {
    guard FileManager.default.isExecutableFile(atPath: "/usr/bin/wrk") else { return nil }
    let server = try LoadServer(
      folder.appendingPathComponent("load_server"), latency: cell.latency, certificate: nil)
    let script = folder.appendingPathComponent("post.lua")
    try """
    wrk.method = "POST"
    wrk.headers["content-type"] = "application/json"
    wrk.body = '{"model":"load","messages":[{"role":"user","content":"\(LoadSuite.prompt(7))"}],"max_tokens":64,"seed":7}'

    """.write(to: script, atomically: true, encoding: .utf8)
    _ = try MeasuredProcess(
      [
        "/usr/bin/wrk", "-t1", "-c\(cell.concurrency)", "-d2s", "-s", script.path,
        "http://127.0.0.1:\(server.port)/v1/chat/completions",
      ], in: folder, errors: folder.appendingPathComponent("errors.txt"))
    let account = try server.end()
    return Double(account.answered) / account.seconds
  }

  /// Prints what libcurl takes where nothing is done with the answers.
  private func printLibcurl(_ cell: Cell, _ folder: URL) throws {
    let server = try LoadServer(
      folder.appendingPathComponent("load_server"), latency: cell.latency, certificate: nil)
    let took = try MeasuredProcess(
      [
        absolute(folder.appendingPathComponent("curl_replay").path),
        "http://127.0.0.1:\(server.port)/v1/chat/completions", "\(cell.responses)", "\(cell.concurrency)",
      ], in: folder, errors: folder.appendingPathComponent("errors.txt"))
    _ = try server.end()
    print(
      "libcurl (no work)   "
        + String(
          format: "%13.0f %6.2f %5.2f %11.3f", Double(cell.responses) / took.wall, took.wall, took.cpu,
          1000 * took.cpu / Double(cell.responses)))
  }

  private func absolute(_ path: String) -> String { URL(fileURLWithPath: path).path }
}
