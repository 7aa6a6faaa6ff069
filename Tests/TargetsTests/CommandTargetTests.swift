import Core
import Foundation
import Testing

@testable import Targets

@Suite("A program that answers JSON lines", .timeLimit(.minutes(1)))
final class CommandTargetTests {
  private let folder = URL.temporaryDirectory.appending(path: "sluice-command-\(UUID().uuidString)")

  init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// Reads a line, and leaves its identifier in `$id`.
  private static let read = #"IFS= read -r line || exit 0; id=${line#*\"id\":\"}; id=${id%%\"*}"#
  private static let answer = #"printf '{"id":"%s","text":"yes"}\n' "$id""#

  /// A shell script as the program; `$0` is its file.
  private func client(
    _ script: String, environment: [String: String] = ["PATH": "/usr/bin:/bin"], clock: RetryClock = .continuous,
    _ adjust: (inout ServerConfiguration, inout CommandClient.Settings) -> Void = { _, _ in }
  ) throws -> CommandClient {
    let file = folder.appending(path: "program").path
    try Data("#!/bin/sh\ncd \"${0%/*}\"\n\(script)\n".utf8).write(to: URL(filePath: file))
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file)
    var configuration = ServerConfiguration(url: "", model: "assistant", concurrency: 4, maxResponseBytes: 10_000)
    var settings = CommandClient.Settings(command: [file, "one", "two words"])
    adjust(&configuration, &settings)
    return try CommandClient(configuration, settings, environment: environment, clock: clock)
  }

  private func target(_ script: String, settings: SamplingSettings = SamplingSettings()) throws -> ServedTarget {
    ServedTarget(try client(script), settings: settings)
  }

  private func written(_ name: String) throws -> String {
    try String(contentsOf: folder.appending(path: name), encoding: .utf8)
  }

  @Test("Each question is one line with its messages and settings, and arguments are no shell's business")
  func request() async throws {
    let settings = SamplingSettings(
      temperature: 0.5, topP: 0.9, maxTokens: 33, system: "be kind", template: "<{prompt}>")
    let script = """
      printf '%s\\n' "$@" > arguments
      while :; do \(Self.read); printf '%s\\n' "$line" >> lines; \(Self.answer); done
      """
    let target = try target(script, settings: settings)
    let prompts = ["a\"b\n{\"id\":\"9\"}", "日本語"]
    for prompt in prompts { #expect(try await target.ask(prompt).get().text == "yes") }
    #expect(try written("arguments") == "one\ntwo words\n")
    let lines = try written("lines").split(separator: "\n").map { try JSON(parsing: Array($0.utf8)) }
    #expect(lines.count == 2 && Set(lines.compactMap { $0["id"]?.string }).count == 2)
    #expect(lines.map { $0["messages"]?.array?.last?["content"]?.string } == prompts.map { "<\($0)>" })
    #expect(lines.allSatisfy { $0["messages"]?.array?.first?["role"]?.string == "system" })
    let sent = lines[0]["settings"]
    #expect(sent?["temperature"]?.double == 0.5 && sent?["top_p"]?.double == 0.9 && sent?["max_tokens"]?.integer == 33)
    #expect(sent?["seed"]?.integer != nil)
  }

  @Test("Replies find their questions in any order, and a reply may say more than its text")
  func replies() async throws {
    let script = """
      \(Self.read); first=$id; \(Self.read)
      printf '{"id":"%s","text":"later"}\\n\\n{"id":%s,"text":"earlier"}\\n' "$id" "$first"
      \(Self.read)
      printf '{"id":"%s","text":"","reasoning":"hm","finish_reason":"length","usage":{"prompt_tokens":4,' "$id"
      sleep 0.05
      printf '"completion_tokens":5}}\\n'; \(Self.read); printf '{"id":"%s","text":"","finish_reason":"refusal"}\\n' "$id"
      \(Self.read); printf '{"id":"%s","text":"no","finish_reason":"content_filter"}\\n' "$id"; \(Self.read)
      """
    let target = try target(script)
    async let first = target.ask("first")
    async let second = target.ask("second")
    #expect(Set([try await first.get().text, try await second.get().text]) == ["earlier", "later"])
    let cut = try await target.ask().get()
    #expect(cut.isCut && cut.promptTokens == 4 && cut.completionTokens == 5)
    #expect(try await target.ask().get().isRefused)
    #expect(try await target.ask().get().isBlocked)
  }

  @Test("The program gets the variables that are named and no others, and what is secret in them stays")
  func environment() async throws {
    let environment = ["PATH": "/usr/bin:/bin", "GIVEN_TOKEN": "tok-9f8e7d6c5b4a", "CLOUD_SECRET": "hunter2hunter2"]
    let script = """
      /usr/bin/env > variables
      while :; do \(Self.read); printf '{"id":"%s","text":"%s %s"}\\n' "$id" "$GIVEN_TOKEN" "$CLOUD_SECRET"; done
      """
    let client = try client(script, environment: environment) { $1.variables = ["GIVEN_TOKEN", "ABSENT"] }
    #expect(try await ServedTarget(client, settings: SamplingSettings()).ask().get().text == "[redacted] ")
    let names = try written("variables").split(separator: "\n").map { $0.prefix { $0 != "=" } }
    #expect(Set(names).subtracting(["PWD", "OLDPWD", "_", "SHLVL"]) == ["GIVEN_TOKEN"], "\(names)")
  }

  @Test(
    "What a program writes that is no reply is bounded, fails what was asked, and costs it a life",
    arguments: [
      ("echo hello", "a line that is no reply"), ("echo '[1]'", "a line that is no reply"),
      (#"echo '{"text":"x"}'"#, "a line that is no reply"), (#"echo '{"id":"77","text":"x"}'"#, "wasn't asked"),
      ("\(CommandTargetTests.answer); \(CommandTargetTests.answer); sleep 5", "or twice"),
      ("head -c 100000 /dev/zero | tr '\\0' x", "a line of more than 10000 bytes"),
      ("yes | tr -d '\\n'", "a line of more than 10000 bytes"), ("yes '{}'", "a line that is no reply"),
      (#"printf '{"id":"%s","te' "$id"; exit 0"#, "in the middle of a line"), ("exit 3", "exit code 3"),
      ("echo 'out of memory' >&2; exit 1", "exit code 1: out of memory"), ("kill -9 $$", "signal 9"),
      ("exec >&-; sleep 5", "closed its output"),
    ])
  func hostile(script: String, says: String) async throws {
    let client = try client("echo start >> starts; while :; do \(Self.read); \(script); done") { $1.restarts = 2 }
    let target = ServedTarget(client, settings: SamplingSettings())
    var last: ResponseFailure?
    for _ in 0..<5 { last = try await target.ask().failure ?? last }
    let failure = try #require(last)
    #expect(failure.kind == .unreachable && failure.message.contains(says), "\(failure)")
    #expect(failure.message.contains("was started 3 times"), "\(failure)")
    #expect(try written("starts").split(separator: "\n").count == 3)
  }

  @Test(
    "A reply that says no text has failed, and the program goes on",
    arguments: [
      (#"{"id":"%s"}"#, "not there"), (#"{"id":"%s","text":null}"#, "null"), (#"{"id":"%s","text":["x"]}"#, "an array"),
      (#"{"id":"%s","error":"no such model"}"#, "no such model"),
      (#"{"id":"%s","text":"half","finish_reason":"error"}"#, "broke the reply off"),
    ])
  func failedReplies(line: String, says: String) async throws {
    let target = try target(
      "echo start >> starts; \(Self.read); printf '\(line)\\n' \"$id\"; while :; do \(Self.read); \(Self.answer); done")
    let failure = try #require(try await target.ask().failure)
    #expect(failure.kind == .malformed && failure.message.contains(says), "\(failure)")
    #expect(try await target.ask().get().text == "yes")
    #expect(try written("starts") == "start\n")
  }

  @Test("What a program was asked when it died is asked of its next life")
  func restart() async throws {
    let script = "echo start >> starts; \(Self.read); \(Self.answer); \(Self.read); exit 9"
    let target = try target(script)
    for _ in 0..<4 { #expect(try await target.ask().get().text == "yes") }
    #expect(try await target.ask().failure?.message.contains("exit code 9") == true)
    #expect(try written("starts").split(separator: "\n").count == 4)
  }

  @Test("A question that is never answered fails after its time, and an answer that comes too late is ignored")
  func silence() async throws {
    let time = QuickTime()
    let client = try client("while :; do \(Self.read); sleep 0.2; \(Self.answer); done", clock: time.clock)
    let target = ServedTarget(client, settings: SamplingSettings())
    for _ in 0..<3 {
      let failure = try #require(try await target.ask().failure)
      #expect(failure.kind == .unreachable && failure.message.contains("no answer within 60 s"))
    }
    #expect(time.pauses == Array(repeating: .seconds(60), count: 3))
  }

  @Test("No more questions are with the program than the policy allows, and a cancelled one is let go")
  func concurrency() async throws {
    let script = """
      while :; do \(Self.read); echo "$id" >> lines; done
      """
    let client = try client(script) { configuration, _ in configuration.concurrency = 2 }
    let target = ServedTarget(client, settings: SamplingSettings())
    let asking = Task { try await target.respond(to: requests(8)) }
    while (try? written("lines"))?.count(where: { $0 == "\n" }) != 2 { try await Task.sleep(for: .milliseconds(5)) }
    asking.cancel()
    await #expect(throws: CancellationError.self) { try await asking.value }
    #expect(try written("lines").split(separator: "\n").count == 2)
  }

  @Test("A program that can't be run is a usage error; what is run, and as what, tells models apart")
  func identity() throws {
    for (command, says) in [(["/nowhere/program"], "no program"), (["/etc/passwd"], "not executable")] {
      let error = #expect(throws: SluiceError.self) {
        try CommandClient(ServerConfiguration(url: "", model: "m"), .init(command: command), environment: [:])
      }
      #expect(error?.exitCode == .usage && error?.description.contains(says) == true)
    }
    func client(_ command: [String], _ revision: String? = nil) throws -> CommandClient {
      try CommandClient(
        ServerConfiguration(url: "", model: "m", revision: revision), .init(command: command),
        environment: ["PATH": "/bin"])
    }
    #expect(try client(["sh", "a|b"]).identity == #"command|[["sh","a%7Cb"],[]]|m"#)
    #expect(try client(["sh"]).identity != client(["sh", "-e"]).identity)
    #expect(try client(["sh"], "r1").identity.hasPrefix("command@r1|"))
    let target = ServedTarget(try client(["sh"]), settings: SamplingSettings())
    #expect(!target.identifiesBytes && target.name == "m")
  }
}
