import ArgumentParser
import Core
import Foundation

/// What putting shards together and deciding takes as they grow: time, and memory.
///
/// Shards are made by `sluice run --shard` against a server that costs next to nothing; `sluice merge` is measured while it
/// runs, from what it says: verifying and copying until the first stage begins, then deciding and reports.
struct ScaleBenchmark: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scale", abstract: "Merging shards and deciding: time and memory as they grow.")

  @Option(help: "Shards.") var shards = 16
  @Option(help: "Responses of each shard; several separated by commas, the last one counts.")
  var responses = "10000,100000"
  @Option(help: "Responses to an attack.") var samples = 8
  @Option(help: "The program.") var sluice = ".build/release/sluice"

  /// What one size took.
  private struct Took {
    let responses: Int
    /// Seconds.
    let asking: Double
    let merging: Double
    let deciding: Double
    /// Largest resident memory until all was copied, and to the end. Bytes.
    let mergingPeak: Int
    let decidingPeak: Int
    let ledgerBytes: Int

    var rate: Double { Double(responses) / merging }
  }

  /// What is aimed at: responses merged a second, memory of that, and time and memory of deciding on 1.6 million responses.
  private enum Bar {
    static let rate = 50_000.0
    static let mergingPeak = 500e6
    static let deciding = (seconds: 60.0, responses: 1_600_000.0)
    static let decidingPeak = 1e9
  }

  func run() async throws {
    let folder = try BenchmarkFolder.make("scale")
    print("responses   asked in  merged in  responses/s  peak MB  decided in  peak MB  ledger MB")
    var all: [Took] = []
    for size in try Numbers.read(responses, "--responses", from: 100) {
      let took = try measure(size, in: folder)
      print(
        String(
          format: "%9d %8.1f s %8.1f s %12.0f %8.0f %9.1f s %8.0f %10.0f", took.responses, took.asking, took.merging,
          took.rate, Double(took.mergingPeak) / 1e6, took.deciding, Double(took.decidingPeak) / 1e6,
          Double(took.ledgerBytes) / 1e6))
      all.append(took)
    }
    guard let last = all.last else { return }
    let size = Double(last.responses)
    let deciding = Bar.deciding.seconds * max(1, size / Bar.deciding.responses)
    let parts = [
      ("rate", last.rate / Bar.rate), ("memory of merging", Bar.mergingPeak / Double(last.mergingPeak)),
      ("time of deciding", deciding / last.deciding),
      ("memory of deciding", Bar.decidingPeak * max(1, size / Bar.deciding.responses) / Double(last.decidingPeak)),
    ]
    print(parts.map { String(format: "%@ %.2f", $0, $1) }.joined(separator: ", ") + " times as good as asked")
    if let first = all.first, all.count > 1 {
      print(
        String(
          format: "time a response of the largest against the smallest: merging %.2f, deciding %.2f",
          first.rate / last.rate,
          last.deciding / size / (first.deciding / Double(first.responses))))
    }
    print(BenchmarkResult(name: "scale", ratio: parts.map(\.1).min() ?? 0).line)
  }

  private func measure(_ size: Int, in folder: URL) throws -> Took {
    let place = folder.appendingPathComponent("work")
    try? FileManager.default.removeItem(at: place)
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: place) }
    let program = URL(fileURLWithPath: sluice).path
    let errors = folder.appendingPathComponent("errors.txt")
    // As many clusters of four attacks for each shard.
    let clusters = max(1, size / (4 * samples)) * shards
    let asked = clusters * 4 * samples
    let server = try LoadServer(
      URL(fileURLWithPath: ".build-bench/replay/load_server"), latency: 0, certificate: nil)
    let suite = LoadSuite(
      attacks: clusters * 4, clusterSize: 4, samples: samples, concurrency: 256,
      url: "http://127.0.0.1:\(server.port)/v1")
    try suite.write(to: place)
    var asking = 0.0
    for shard in 1...shards {
      asking += try MeasuredProcess(
        [program, "run", "policy.yaml", "--quiet", "--shard", "\(shard)/\(shards)"], in: place, errors: errors
      ).wall
    }
    let answered = try server.end().answered
    // Each shard's probes and questions for the list of models are the rest.
    guard (asked...(asked + 8 * shards)).contains(answered) else {
      throw SluiceError(.internalError, "shards asked \(answered) times for \(asked) responses")
    }
    let ledgers = (1...shards).map { "evidence/ledger.shard-\($0)-of-\(shards).sqlite" }
    var copied: MeasuredProcess.Said?
    let merge = try MeasuredProcess(
      [program, "merge"] + ledgers + ["--into", "evidence/whole.sqlite"], in: place, errors: errors
    ) { said in
      if copied == nil, said.line.contains("replay: started") { copied = said }
    }
    guard let copied else { throw SluiceError(.internalError, "merge did not say when it began to decide") }
    let whole = try FileManager.default.attributesOfItem(
      atPath: place.appendingPathComponent("evidence/whole.sqlite").path)
    return Took(
      responses: asked, asking: asking, merging: copied.wall, deciding: merge.wall - copied.wall,
      mergingPeak: copied.peakMemory, decidingPeak: merge.peakMemory, ledgerBytes: whole[.size] as? Int ?? 0)
  }
}
