import ArgumentParser
import Core
import Foundation

/// What a ledger costs: a run that stores responses, a second one that takes all of them from the ledger, and the audit, sealed and
/// unsealed, at growing sizes.
///
/// Each is the whole program from start to exit code. Sealed and unsealed take turns, and medians count, since other work on the
/// machine slows both alike.
struct LedgerBenchmark: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ledger", abstract: "Time and size of a ledger, sealed and unsealed, from 1,000 responses on.")

  @Option(help: "Responses; several separated by commas. The first from 10,000 on is held against the bar.")
  var responses = "1000,10000,100000"
  @Option(help: "Turns of each replay.") var rounds = 15
  @Option(help: "The program.") var sluice = ".build/release/sluice"

  /// A sealed replay may take 1.10 times as long.
  private static let bar = 1 / 1.10
  private static let ledger = "evidence/ledger.sqlite"
  private static let mostAttacks = 100_000

  private struct Place {
    let folder: URL
    let isSealed: Bool
    var store = 0.0
    var replays: [Double] = []
    var verify = 0.0

    var bytes: Int {
      [ledger, ledger + "-wal"].reduce(0) { sum, name in
        let path = folder.appendingPathComponent(name).path
        return sum + ((try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int ?? 0)
      }
    }
  }

  func run() async throws {
    let folder = try BenchmarkFolder.make("ledger")
    let sizes = try Numbers.read(responses, "--responses", from: 100)
    print("wall seconds of the whole program; replays are medians over \(rounds) turns")
    print("responses             store  replay  verify      size  bytes a response")
    var ratio: Double?
    for size in sizes {
      let slowdown = try measure(size, in: folder)
      if size >= 10_000 { ratio = ratio ?? 1 / slowdown }
    }
    guard let ratio else { return print("no size from 10,000 on: nothing is held against the bar") }
    print(BenchmarkResult(name: "ledger", ratio: ratio, bar: Self.bar).line)
  }

  /// - Returns: how many times as long a sealed replay takes; the median over turns of both next to each other.
  private func measure(_ size: Int, in folder: URL) throws -> Double {
    let server = try LoadServer(
      URL(fileURLWithPath: ".build-bench/replay/load_server"), latency: 0, certificate: nil)
    var places = [false, true].map { isSealed in
      Place(folder: folder.appendingPathComponent(isSealed ? "sealed" : "plain"), isSealed: isSealed)
    }
    for index in places.indices {
      try prepare(places[index], size, port: server.port)
      places[index].store = try program(["run", "policy.yaml", "--quiet"], places[index])
    }
    for _ in 0..<max(1, rounds) {
      for index in places.indices {
        places[index].replays.append(try program(["run", "policy.yaml", "--quiet"], places[index]))
      }
    }
    for index in places.indices {
      places[index].verify = try program(["ledger", "verify", Self.ledger], places[index])
    }
    let account = try server.end()
    // Each ledger's responses were asked for once; what else was asked is for the server's list of models.
    guard account.answered < 2 * size + 100 else {
      throw SluiceError(
        .internalError, "\(account.answered) requests for two times \(size) responses: replays asked anew")
    }
    for place in places {
      print(
        "\(size) \(place.isSealed ? "sealed" : "plain")".padding(toLength: 20, withPad: " ", startingAt: 0)
          + String(
            format: "%7.2f %7.2f %7.2f %6.1f MB %17d", place.store, Numbers.median(place.replays), place.verify,
            Double(place.bytes) / 1e6, place.bytes / size))
      try FileManager.default.removeItem(at: place.folder)
    }
    let slowdown = Numbers.median(zip(places[1].replays, places[0].replays).map { $0 / $1 })
    print(String(format: "sealed replay: %.3f times as long", slowdown))
    return slowdown
  }

  private func program(_ arguments: [String], _ place: Place) throws -> Double {
    try MeasuredProcess(
      [URL(fileURLWithPath: sluice).path] + arguments, in: place.folder,
      errors: place.folder.appendingPathComponent("errors.txt")
    ).wall
  }

  private func prepare(_ place: Place, _ size: Int, port: Int) throws {
    try? FileManager.default.removeItem(at: place.folder)
    try FileManager.default.createDirectory(at: place.folder, withIntermediateDirectories: true)
    // A suite file has its largest size: beyond it attacks get several responses.
    let samples = (size + Self.mostAttacks - 1) / Self.mostAttacks
    var suite = ""
    for number in 0..<(size / samples) {
      suite += "{\"prompt\":\"\(LoadSuite.prompt(number))\",\"category\":\"insult\"}\n"
    }
    let sealing = place.isSealed ? ", sealing: on, key: {file: ledger.key}" : ""
    for (name, text) in [
      ("seeds.jsonl", suite), ("rules.yaml", LoadSuite.rules), ("ledger.key", String(repeating: "a7", count: 32)),
      (
        "policy.yaml",
        """
        version: 1
        name: ledger
        seed: 3
        targets:
          candidate:
            {kind: openai, url: 'http://127.0.0.1:\(port)/v1', model: load, revision: r1, max_tokens: 64, concurrency: 64}
        judges: {confirm: {kind: rules, file: rules.yaml}}
        suite: {seeds: seeds.jsonl, responses: \(samples), early_stop: off}
        ledger: {path: \(Self.ledger)\(sealing)}
        checks: [{metric: replay.asr, at_most: 0.5}]
        report: {json: out/report.json}

        """
      ),
    ] {
      let file = place.folder.appendingPathComponent(name)
      try text.write(to: file, atomically: true, encoding: .utf8)
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
    }
  }
}
