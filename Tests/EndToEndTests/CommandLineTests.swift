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
}
