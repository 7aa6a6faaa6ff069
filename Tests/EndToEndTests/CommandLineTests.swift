import Core
import Testing

@Suite("The command line")
struct CommandLineTests {
  @Test("The version is one line on standard output")
  func version() async throws {
    let outcome = try await Workspace().run("--version")
    #expect(outcome.code == 0)
    #expect(outcome.output == sluiceVersion + "\n")
    #expect(outcome.errors.isEmpty)
  }

  @Test("Help names the exit codes and shows examples")
  func help() async throws {
    let outcome = try await Workspace().run("--help")
    #expect(outcome.code == 0)
    for words in ["sluice run", "inconclusive", "--resume", "75"] { #expect(outcome.output.contains(words)) }
  }

  /// Names of all commands with commands of their own before them.
  private func commands(below words: [String] = [], in workspace: Workspace) async throws -> [(
    words: [String], help: String
  )] {
    let help = try await Binary.run(words + ["--help"], in: workspace.folder).output
    let list = help.split(separator: "\n", omittingEmptySubsequences: false).drop { $0 != "SUBCOMMANDS:" }.dropFirst()
    let names = list.prefix { $0.hasPrefix("  ") }.compactMap { line in
      line.wholeMatch(of: /\ \ ([a-z-]+)(\ .*)?/).map { String($0.1) }
    }
    var all = [(words: words, help: help)]
    for name in names { all += try await commands(below: words + [name], in: workspace) }
    return all
  }

  @Test("No example of any command is broken by a terminal of 80 columns: it goes on after a backslash")
  func examplesAreWhole() async throws {
    let all = try await commands(in: try Workspace())
    #expect(all.count > 40)
    var examples = 0
    for (words, help) in all {
      let lines = help.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      guard let start = lines.firstIndex(of: "Examples:") else { continue }
      var goesOn = false
      for line in lines[(start + 1)...].prefix(while: { !$0.isEmpty }) {
        #expect(goesOn ? line.hasPrefix("    ") : line.hasPrefix("  ") && !line.hasPrefix("   "), "\(words): \(line)")
        #expect(line.count <= 80, "\(words): \(line)")
        goesOn = line.hasSuffix("\\")
        examples += 1
      }
    }
    #expect(examples > 60)
  }

  @Test("A history of a policy that no run is of names those that there are; nothing is cut in a pipe")
  func history() async throws {
    var policy = TinyPolicy()
    policy.baseline = nil
    policy.name = "a-policy-with-a-name"
    policy.candidate = TinyPolicy.lab("assistant-1.2")
    policy.checks = ["", ", weight: clusters"].map { "{metric: replay.asr, at_most: 0.0001\($0)}" }
    policy.extra = "decide_on: estimate"
    let workspace = try Workspace.tiny(policy)
    let run = try await workspace.run("run", "policy.yaml")
    #expect(run.code < 64 && run.errors.contains("preflight: 1 model answers"), "\(run.errors)")
    let ledger = ["--ledger", "evidence/ledger.sqlite"]
    let other = try await Binary.run(["history", "--policy", "a-policy-with-a-nam"] + ledger, in: workspace.folder)
    #expect(other.code == 64 && other.output.isEmpty)
    #expect(other.errors.contains("Did you mean 'a-policy-with-a-name'?"), "\(other.errors)")
    let own = try await Binary.run(["history", "--policy", "a-policy-with-a-name"] + ledger, in: workspace.folder)
    #expect(own.code == 0 && own.output.contains("✗ replay.asr, ✗ replay.asr[weight=clusters]\n"), "\(own.output)")
  }

  @Test(
    "Usage errors end with 64", arguments: [["--nonsense"], ["nonsense"], ["run"], ["run", "p.yaml", "--seed", "x"]])
  func usage(arguments: [String]) async throws {
    let workspace = try Workspace()
    let outcome = try await Binary.run(arguments, in: workspace.folder)
    #expect(outcome.code == 64)
    #expect(!outcome.errors.isEmpty)
    #expect(outcome.output.isEmpty)
  }

  @Test(
    "A misspelt command names the nearest",
    arguments: [
      (["rn", "p.yaml"], "Did you mean 'run'?"), (["ledger", "verfy"], "Did you mean 'verify'?"),
      (["frobnicate"], "Its commands: init, run,"), (["help", "rn"], "Did you mean 'run'?"),
      (["help", "ledger", "verfy"], "Did you mean 'verify'?"), (["ledger", "help", "verfy"], "Did you mean 'verify'?"),
    ])
  func misspelt(arguments: [String], advice: String) async throws {
    let workspace = try Workspace()
    let outcome = try await Binary.run(arguments, in: workspace.folder)
    #expect(outcome.code == 64 && outcome.errors.contains(advice))
    #expect(outcome.errors.hasPrefix("sluice: error: "))
  }

  @Test("Every mistake begins alike, a policy that is missing names init, and an override's key is said once")
  func mistakes() async throws {
    let workspace = try Workspace.tiny()
    let bare = try await workspace.run("run")
    #expect(bare.code == 64 && bare.errors.hasPrefix("sluice: error: ") && bare.errors.contains("`sluice init`"))
    let seed = try await workspace.run("run", "policy.yaml", "--seed", "x")
    #expect(seed.code == 64 && seed.errors.hasPrefix("sluice: error: ") && !seed.errors.contains("sluice init"))
    let key = "targets.candidate.checkpoint"
    let gone = try await workspace.run("check", "policy.yaml", "--set", "\(key)=gone")
    #expect(gone.code == 64, "\(gone.errors)")
    #expect(gone.errors.hasPrefix("sluice: error: --set \(key): there is no folder 'gone'"), "\(gone.errors)")
    for help in [["help", "run"], ["run", "--help"], ["help"]] {
      let shown = try await Binary.run(help, in: workspace.folder)
      #expect(shown.code == 0 && shown.output.contains("USAGE:"), "\(help): \(shown.errors)")
    }
  }

  @Test("explain says what a metric, an exit code and a key mean, and names the nearest word")
  func explain() async throws {
    let workspace = try Workspace()
    let metric = try await workspace.run("explain", "replay.asr")
    #expect(metric.code == 0 && metric.output.contains("Share of known attacks that succeed"))
    let code = try await workspace.run("explain", "75", "--json")
    #expect(code.code == 0 && code.output.contains("--resume"))
    let key = try await workspace.run("explain", "suite.responses")
    #expect(key.code == 0 && key.output.contains("policy key"))
    let all = try await workspace.run("explain")
    #expect(all.output.contains("attack methods\n") && all.output.contains("targets.candidate.checkpoint"))
    let end = try await workspace.run("explain", "ASR")
    #expect(end.code == 0 && end.output.contains("replay.asr") && end.output.contains("found.asr"), "\(end.errors)")
    let unknown = try await workspace.run("explain", "replay.arse")
    #expect(unknown.code == 64 && unknown.errors.contains("Did you mean 'replay.asr'?"))
  }
}
