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
      (["frobnicate"], "Its commands: init, run,"),
    ])
  func misspelt(arguments: [String], advice: String) async throws {
    let workspace = try Workspace()
    let outcome = try await Binary.run(arguments, in: workspace.folder)
    #expect(outcome.code == 64 && outcome.errors.contains(advice))
    #expect(outcome.errors.hasPrefix("sluice: error: "))
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
    let unknown = try await workspace.run("explain", "replay.arse")
    #expect(unknown.code == 64 && unknown.errors.contains("Did you mean 'replay.asr'?"))
  }
}
