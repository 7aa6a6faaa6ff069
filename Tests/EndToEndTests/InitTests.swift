import FakeServer
import Foundation
import Testing

/// `sluice init`: a first policy of one's own.
@Suite("A first policy", .timeLimit(.minutes(2)))
struct InitTests {
  @Test("of served models is valid as it is written, and can be planned and run")
  func served() async throws {
    try await FakeServer.run(answering: { _, _ in .chat("I can't help with that. Verdict: safe") }) { server in
      let workspace = try Workspace.tiny()
      let made = try await workspace.run(
        "init", "--candidate", server.url, "--model", "it's next", "--baseline-model", "shipped", "--judge", server.url,
        "--judge-model", "judge", "--suite", "seeds.jsonl", "--into", "gate")
      #expect(made.code == 0 && made.output.contains("sluice doctor gate/sluice.yaml"))
      let check = try await workspace.run("check", "gate/sluice.yaml")
      #expect(check.code == 0, "\(check.errors)")
      #expect(check.output.contains("it's next"))
      let plan = try await workspace.run("plan", "gate/sluice.yaml", "--json")
      #expect(plan.code == 0, "\(plan.errors)")
    }
  }

  @Test("with rules is refused until they are filled in, and runs then")
  func rules() async throws {
    let workspace = try Workspace.tiny()
    let made = try await workspace.run(
      "init", "--candidate", "lab/assistant-1.1", "--baseline", "lab/assistant-1.0", "--suite", "seeds.jsonl")
    #expect(made.code == 0 && made.output.contains("Fill in rules.yaml"))
    let unfilled = try await workspace.run("run", "sluice.yaml")
    #expect(unfilled.code == 64 && unfilled.errors.contains("rules.yaml"))
    try FileManager.default.removeItem(at: workspace.folder.appendingPathComponent("rules.yaml"))
    try FileManager.default.copyItem(
      at: Binary.root.appendingPathComponent("fixtures/lab/rules.yaml"),
      to: workspace.folder.appendingPathComponent("rules.yaml"))
    let ended = try await workspace.run("run", "sluice.yaml", "--quiet")
    #expect([0, 1, 2].contains(ended.code), "\(ended.errors)")
  }

  @Test("replaces nothing, and says which option is missing")
  func refusals() async throws {
    let workspace = try Workspace.tiny()
    let bare = try await workspace.run("init", "--suite", "seeds.jsonl")
    #expect(bare.code == 64 && bare.errors.contains("--candidate is missing"))
    let nameless = try await workspace.run("init", "--candidate", "http://127.0.0.1:9/v1", "--suite", "seeds.jsonl")
    #expect(nameless.code == 64 && nameless.errors.contains("--model is missing"))
    let suiteless = try await workspace.run("init", "--candidate", "lab/assistant-1.1", "--suite", "none.jsonl")
    #expect(suiteless.code == 64 && !workspace.exists("sluice.yaml") && !workspace.exists("rules.yaml"))
    let key = "sk-abc123-secret"
    let keyed = try await workspace.run(
      "init", "--candidate", "lab/assistant-1.1", "--suite", "seeds.jsonl", "--api-key-env", key, "--ci", "github")
    #expect(keyed.code == 64 && keyed.errors.contains("never the key itself"))
    #expect(!(keyed.output + keyed.errors).contains(key) && !workspace.exists("sluice.yaml"))
    let inFile = try await workspace.run(
      "init", "--candidate", "lab/assistant-1.1", "--suite", "seeds.jsonl", "--into", "seeds.jsonl/gate")
    #expect(inFile.code == 74 && inFile.errors.contains("seeds.jsonl/gate"), "\(inFile.errors)")
    try workspace.write("mine", to: "rules.yaml")
    let taken = try await workspace.run("init", "--candidate", "lab/assistant-1.1", "--suite", "seeds.jsonl")
    #expect(taken.code == 64 && taken.errors.contains("rules.yaml"))
    let kept = try workspace.read("rules.yaml")
    #expect(!workspace.exists("sluice.yaml") && kept == Data("mine".utf8))
  }

  @Test(
    "comes with a pipeline's file that names policy and key",
    arguments: [
      ("github", ".github/workflows/sluice.yml"), ("gitlab", "sluice.gitlab-ci.yml"), ("jenkins", "Jenkinsfile"),
      ("azure", "azure-pipelines.yml"),
    ])
  func pipeline(system: String, path: String) async throws {
    let workspace = try Workspace.tiny()
    func run(into folder: String) async throws -> Binary.Outcome {
      try await workspace.run(
        "init", "--candidate", "http://127.0.0.1:9/v1", "--model", "next", "--suite", "seeds.jsonl", "--api-key-env",
        "MY_KEY", "--ci", system, "--into", folder)
    }
    for outside in ["/tmp", "../gate"] {
      let refused = try await run(into: outside)
      #expect(refused.code == 64 && refused.errors.contains(outside) && !workspace.exists(path))
    }
    let made = try await run(into: "it's a gate")
    #expect(made.code == 0, "\(made.errors)")
    #expect(made.output.contains("wrote \(path)") && made.output.contains("MY_KEY"))
    #expect(made.output.contains("sluice explain serve"))
    let text = String(decoding: try workspace.read(path), as: UTF8.self)
    #expect(workspace.exists("it's a gate/sluice.yaml"))
    if ["github", "gitlab"].contains(system) { #expect(text.contains("POLICY: 'it''s a gate/sluice.yaml'")) }
    #expect(text.contains("junit.xml") || system == "github")
    #expect(text.contains("MY_KEY") && text.contains("secrets.MY_KEY") == (system == "github"))
    let again = try await run(into: "other")
    #expect(again.code == 64 && again.errors.contains("leave --ci out") && !workspace.exists("other"))
    #expect(String(decoding: try workspace.read(path), as: UTF8.self) == text)
  }

  /// Code for every reader that isn't told otherwise: YAML, shells, Groovy, and the systems' own expressions.
  private static let hostile = #"-it's ''' "${{ github.token }}" $(System.AccessToken) $[x] ${HOME} `id` \u0027 \ # "#

  @Test("A pipeline's shell gets the policy's path as it is, whatever is in it", arguments: ["jenkins", "azure"])
  func hostilePath(system: String) async throws {
    let workspace = try Workspace.tiny()
    let made = try await workspace.run(
      "init", "--candidate", "lab/assistant-1.1", "--suite", "seeds.jsonl", "--ci", system, "--into=\(Self.hostile)")
    #expect(made.code == 0, "\(made.errors)")
    #expect(workspace.exists("\(Self.hostile)/sluice.yaml"))
    let file = system == "jenkins" ? "Jenkinsfile" : "azure-pipelines.yml"
    let text = String(decoding: try workspace.read(file), as: UTF8.self)
    // The word that stands for the policy, between what the file has around it.
    let (before, after) = system == "jenkins" ? ("set -- ", "\n") : ("recipes/run\" ", " || code=$?")
    let start = try #require(text.range(of: before)?.upperBound)
    let end = try #require(text.range(of: after, range: start..<text.endIndex)?.lowerBound)
    var word = String(text[start..<end])
    if system == "jenkins" {
      #expect(!word.contains("'''"), "the script's quotes end within it")
      word = word.replacingOccurrences(of: #"\\"#, with: #"\"#)
    } else {
      for code in ["${{", "$(", "$["] { #expect(!word.contains(code), "Azure reads \(code)") }
    }
    let read = try await workspace.shell("set -- \(word); printf '%s %s' \"$#\" \"$1\"")
    #expect(read.output == "1 ./\(Self.hostile)/sluice.yaml", "\(read.errors)")
  }

  @Test("Expressions in a path are text to GitHub, and variables to nobody on GitLab")
  func expressions() async throws {
    for (system, file, wanted) in [
      ("github", ".github/workflows/sluice.yml", "POLICY: './-a${{ ''${{'' }} x }} $b/sluice.yaml'"),
      ("gitlab", "sluice.gitlab-ci.yml", "SLUICE_POLICY: {value: './-a${{ x }} $b/sluice.yaml', expand: false}"),
    ] {
      let workspace = try Workspace.tiny()
      let made = try await workspace.run(
        "init", "--candidate", "lab/assistant-1.1", "--suite", "seeds.jsonl", "--ci", system, "--into=-a${{ x }} $b")
      #expect(made.code == 0, "\(made.errors)")
      let text = String(decoding: try workspace.read(file), as: UTF8.self)
      #expect(text.contains(wanted), "\(text)")
    }
  }

  @Test("What can't be a path, an address or a place ends before a file is written")
  func mistakes() async throws {
    let workspace = try Workspace.tiny()
    let broken = try await workspace.run(
      "init", "--candidate", "lab/assistant-1.1", "--suite", "seeds.jsonl", "--into", "a\nb", "--ci", "azure")
    #expect(broken.code == 64 && broken.errors.contains("control character"), "\(broken.errors)")
    let bare = try await workspace.run(
      "init", "--candidate", "localhost:8000/v1", "--model", "next", "--suite", "seeds.jsonl")
    #expect(bare.code == 64 && bare.errors.contains("http://"), "\(bare.errors)")
    try workspace.write("mine", to: ".github")
    let inWay = try await workspace.run(
      "init", "--candidate", "lab/assistant-1.1", "--suite", "seeds.jsonl", "--ci", "github")
    #expect(inWay.code == 74 && inWay.errors.contains(".github"), "\(inWay.errors)")
    for file in ["sluice.yaml", "rules.yaml", "azure-pipelines.yml"] { #expect(!workspace.exists(file)) }
    let absent = try await workspace.run(
      "init", "--candidate", "models/next", "--suite", "seeds.jsonl", "--into", "my gate")
    #expect(absent.code == 0 && absent.output.contains("models/next: there is no such checkpoint yet"))
    #expect(absent.output.contains("sluice run 'my gate/sluice.yaml'"), "\(absent.output)")
  }
}
