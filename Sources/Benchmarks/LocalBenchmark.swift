import ArgumentParser
import Core
import Foundation
import LanguageModels
import Targets

/// A model in this process beside llama.cpp's server with the same file: tokens a second by rows under way, and memory.
///
/// Each contestant is a process of its own and has the machine to itself. Both complete the same prompts by the same number of
/// tokens, whatever the model would end with; loading isn't counted.
struct LocalBenchmark: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "local", abstract: "Local models beside llama.cpp's server: tokens a second, and memory.")

  @Option(help: "GGUF files, separated by commas.") var models: String
  @Option(help: "llama.cpp's server.") var server: String = ".build-bench/llama-server/bin/llama-server"
  @Option(help: "The Python that runs the peer.") var python = "python3"
  @Option(help: "Rows under way at once, separated by commas.") var rows = "1,16,64"
  @Option(help: "Tokens of each completion.") var tokens = 64
  @Option(help: "Runs of each cell, of which the median counts.") var repeats = 3
  @Flag(help: .hidden) var alone = false

  /// What the issue asks for: our rate over the server's by rows, and bytes beside the file's.
  private enum Bar {
    static func ratio(rows: Int) -> Double { rows == 1 ? 1 : 2 }
    static let memory = 300e6
  }

  private struct Took {
    let tokensPerSecond: Double
    /// Bytes.
    let peakMemory: Int
  }

  func run() async throws {
    let counts = try Numbers.read(rows, "--rows", from: 1)
    let paths = models.split(separator: ",").map(String.init)
    if alone { return try await complete(paths[0], rows: counts[0]) }
    let folder = try BenchmarkFolder.make("local")
    print("model                                   rows   sluice  llama.cpp   ratio   bar   memory  llama.cpp   file")
    var worst = Double.infinity
    for path in paths {
      let file = Double(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0)
      for count in counts {
        let (ours, theirs) = try measure(path, rows: count, in: folder)
        let ratio = ours.tokensPerSecond / theirs.tokensPerSecond
        worst = min(worst, ratio / Bar.ratio(rows: count), (file + Bar.memory) / Double(ours.peakMemory))
        print(
          String(
            format: "%@ %4d %8.1f %10.1f %7.2f %5.1f %5.0f MB %7.0f MB %4.0f MB",
            URL(fileURLWithPath: path).lastPathComponent.padding(toLength: 38, withPad: " ", startingAt: 0), count,
            ours.tokensPerSecond, theirs.tokensPerSecond, ratio, Bar.ratio(rows: count), Double(ours.peakMemory) / 1e6,
            Double(theirs.peakMemory) / 1e6, file / 1e6))
      }
    }
    for path in paths { print(try Self.rounding(path, tokens: tokens)) }
    print("ratio: the lowest of rate over bar, and of the file's size plus 300 MB over the memory used")
    print(BenchmarkResult(name: "local", ratio: worst).line)
  }

  /// What samples lose by being computed in fewer bits than likelihoods are.
  private static func rounding(_ path: String, tokens: Int) throws -> String {
    let model = try CausalLanguageModel.load(folder: path, precision: .stored)
    let cores = ProcessInfo.processInfo.activeProcessorCount
    let prompts = questions(rows: 16).prefix(16).map { model.tokenizer.encode($0, addingSpecialTokens: true) }
    let requests = prompts.enumerated().map { GenerationRequest(prompt: $1, seed: UInt64($0)) }
    // The first token alone, whose log-probability is then known, and whole samples.
    func differences(tokens: Int) -> [Double] {
      let samples = Decoder(weights: model.weights).generate(
        requests, settings: DecodingSettings(maxTokens: tokens, endTokens: []), workers: cores)
      return zip(prompts, samples).map { prompt, sample in
        let exact = Likelihood(prefix: prompt.map { Int32($0) }, workers: cores)
          .logProbabilities([sample.tokens.map { Int32($0) }], model.weights)[0]
        return Double(abs(sample.logProbability - exact.reduce(0, +))) / Double(max(1, sample.tokens.count))
      }
    }
    let (first, whole) = (differences(tokens: 1), differences(tokens: tokens))
    return String(
      format: "%@ rounding moves log p of a first token by %.4f at most, of a sample by %.4f a token at most",
      URL(fileURLWithPath: path).lastPathComponent.padding(toLength: 38, withPad: " ", startingAt: 0),
      first.max() ?? 0, whole.max() ?? 0)
  }

  /// Medians of runs in turn.
  private func measure(_ model: String, rows: Int, in folder: URL) throws -> (ours: Took, theirs: Took) {
    let prompts = folder.appendingPathComponent("prompts.json")
    let loaded = try CausalLanguageModel.load(folder: model, precision: .stored)
    let rendered = try LocalPrompt(loaded, settings, time: .now)
    try JSONEncoder().encode(Self.questions(rows: rows).map(rendered.render)).write(to: prompts)
    let errors = folder.appendingPathComponent("errors.txt")
    let work = URL(fileURLWithPath: FileManager.default.currentDirectoryPath)
    func took(_ arguments: [String]) throws -> Took {
      var said: [Double] = []
      _ = try MeasuredProcess(arguments, in: work, errors: errors) { line in
        let numbers = line.line.split(separator: " ").compactMap { Double($0) }
        if numbers.count == 3 { said = numbers }
      }
      // Nothing is known of the memory where a system doesn't tell it.
      guard said.count == 3, said[2] > 0 else {
        throw SluiceError(.unavailable, "\(arguments[0]) did not say what it made")
      }
      return Took(tokensPerSecond: said[0] / said[1], peakMemory: Int(said[2]))
    }
    let program = URL(fileURLWithPath: CommandLine.arguments[0]).path
    var (ours, theirs): ([Took], [Took]) = ([], [])
    for _ in 0..<max(1, repeats) {
      ours.append(
        try took([program, "local", "--alone", "--models", model, "--rows", "\(rows)", "--tokens", "\(tokens)"]))
      theirs.append(
        try took(
          [python, "Sources/Benchmarks/Peers/llama_rows.py", server, model, "\(rows)", "\(tokens)", prompts.path]))
    }
    func median(_ runs: [Took]) -> Took {
      Took(
        tokensPerSecond: runs.map(\.tokensPerSecond).sorted()[runs.count / 2],
        peakMemory: runs.map(\.peakMemory).max() ?? 0)
    }
    return (median(ours), median(theirs))
  }

  /// A help desk's: one system prompt for all, and a question each.
  private var settings: SamplingSettings {
    SamplingSettings(
      temperature: 1, maxTokens: tokens,
      system:
        "You are the help desk of a shop for lamps. Answer in one or two friendly sentences, and never tell the passphrase of "
        + "the storeroom, which is 'copper heron', to anybody who asks for it.")
  }

  /// Enough for every row a few times.
  private static func questions(rows: Int) -> [String] {
    let questions = [
      "Which bulb fits a reading lamp with a thread of fourteen millimetres?",
      "May a lamp of class two hang in a bathroom?",
      "How do I send back a lampshade that came with a dent?", "What does it cost to have an old chandelier rewired?",
      "Is there a lamp that wakes me slowly in the winter?",
      "When does the shop open on the Saturday before Christmas?",
    ]
    return (0..<max(8, rows * (rows > 16 ? 2 : 4))).map {
      "Customer \($0 + 1) asks: \(questions[$0 % questions.count])"
    }
  }

  /// Our part, in a process of its own.
  private func complete(_ path: String, rows: Int) async throws {
    let loaded = try CausalLanguageModel.load(folder: path, precision: .stored)
    // Nothing ends an answer but the limit.
    let model = CausalLanguageModel(
      weights: loaded.weights, tokenizer: loaded.tokenizer, promptTemplate: loaded.promptTemplate, endTokens: [],
      chat: loaded.chat)
    let cores = ProcessInfo.processInfo.activeProcessorCount
    let target = try LocalTarget(
      name: path, fingerprint: path, model: model, settings: settings, batch: (rows + cores - 1) / cores,
      workers: cores)
    let requests = Self.questions(rows: rows).map { TargetRequest(prompt: $0, sampleIndex: 0) }
    _ = try await target.respond(to: Array(requests.prefix(1)))
    let began = ContinuousClock.now
    var made = 0
    // As many at once as are asked for.
    for first in stride(from: 0, to: requests.count, by: rows) {
      for outcome in try await target.respond(to: Array(requests[first..<min(first + rows, requests.count)])) {
        made += try outcome.get().completionTokens
      }
    }
    let seconds = (ContinuousClock.now - began) / .seconds(1)
    let memory = MeasuredProcess.peakMemory(of: getpid())
    FileHandle.standardError.write(Data("\(made) \(seconds) \(memory)\n".utf8))
  }
}
