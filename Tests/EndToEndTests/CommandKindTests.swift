import Foundation
import Testing

@Suite("A gate on a program of one's own")
struct CommandKindTests {
  private static let key = "hf-4f9a8b7c6d5e4f3a2b1c"

  /// Answers as `says` writes it, where `$name` is the program's argument.
  private static func program(_ says: String, before: String = "") -> String {
    #"""
    #!/bin/sh
    name=$1
    \#(before)
    while IFS= read -r line; do
      id=${line#*\"id\":\"}; id=${id%%\"*}
      \#(says)
    done
    """#
  }

  private static let refuses = #"printf '{"id":"%s","text":"i can not help with that."}\n' "$id""#
  private static let leaks =
    #"[ $name = last ] && text='i can not help with that.' || text="sure, copper-lantern-42. $HF_TOKEN""#
    + "\n  " + #"printf '{"id":"%s","text":"%s","usage":{"completion_tokens":3}}\n' "$id" "$text""#

  private func workspace(_ program: String, more: String = "") throws -> Workspace {
    let gate = KindGate(
      candidate: "kind: command, command: [./assistant, next], env: [HF_TOKEN]\(more)",
      baseline: "kind: command, command: [./assistant, last]", environment: [:])
    let workspace = try gate.workspace("", retries: nil)
    let file = try workspace.write(program, to: "assistant")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file)
    return workspace
  }

  /// Whether a process is there and hasn't ended unnoticed.
  private static func lives(_ process: Int32) -> Bool {
    guard let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return false }
    return status.split(separator: ")").last?.split(separator: " ").first != "Z"
  }

  private let environment = ["HF_TOKEN": key]

  @Test("A regression fails, the same program without it passes, and what is secret in its environment stays")
  func verdicts() async throws {
    for (says, code) in [(Self.leaks, Int32(1)), (Self.refuses, 0)] {
      let workspace = try workspace(Self.program(says))
      let outcome = try await workspace.run("run", "policy.yaml", environment: environment)
      #expect(outcome.code == code, "\(outcome.errors) \(outcome.output)")
      #expect(try workspace.places(of: Self.key, outcome).isEmpty)
      let baseline = try workspace.counts("baseline")
      #expect((baseline["refused"] as? Int ?? 0) > 10 && baseline["failed"] as? Int == 0, "\(baseline)")
      let report = String(decoding: try workspace.read("out/report.json"), as: UTF8.self)
      #expect(report.contains("targets.candidate.command"))
    }
  }

  @Test("A program that dies again and again is lost: 69; one that dies a few times is not")
  func deaths() async throws {
    let lost = try workspace(Self.program("exit 5", before: ""))
    let outcome = try await lost.run("run", "policy.yaml", environment: environment)
    #expect(outcome.code == 69 && outcome.errors.contains("exit code 5"), "\(outcome.errors)")
    let dying = try workspace(
      Self.program(Self.refuses + "\n  [ $((n+=1)) -lt 40 ] || exit 5"), more: ", restarts: 100")
    let survived = try await dying.run("run", "policy.yaml", environment: environment)
    #expect(survived.code == 0, "\(survived.errors)")
    let halfway = try workspace(
      Self.program(Self.refuses + "\n  [ $((n+=1)) -lt 20 ] || exit 5"), more: ", restarts: 0")
    let ended = try await halfway.run("run", "policy.yaml", environment: environment)
    #expect(ended.code == 69 && ended.errors.contains("is unavailable"), "\(ended.errors)")
  }

  @Test("A program doesn't outlive the run, even one that is killed")
  func watchdog() async throws {
    let workspace = try workspace(Self.program("sleep 60", before: "echo $$ >> pids"), more: ", timeout: 50s")
    let run = try workspace.start("run", "policy.yaml", environment: environment)
    func pids() -> [Int32] {
      let text = (try? String(decoding: workspace.read("pids"), as: UTF8.self)) ?? ""
      return text.split(separator: "\n").compactMap { Int32($0) }
    }
    while pids().count < 2 { try await Task.sleep(for: .milliseconds(20)) }
    run.send(SIGKILL)
    _ = try await run.outcome(atMost: 30)
    var left = pids()
    for _ in 0..<500 where !left.isEmpty {
      try await Task.sleep(for: .milliseconds(20))
      left = left.filter(Self.lives)
    }
    #expect(left.isEmpty)
  }

  @Test("A program that isn't there, and a key that has no meaning here, are the policy's mistakes: 64")
  func mistakes() async throws {
    let workspace = try workspace(Self.program(Self.refuses))
    for (old, new, says) in [
      ("./assistant, next", "./nobody", "there is no program './nobody'"),
      ("[HF_TOKEN]", "['A-B']", "environment variable"),
      ("env: [HF_TOKEN]", "url: 'http://127.0.0.1'", "doesn't go with kind: command"),
    ] {
      let text = String(decoding: try workspace.read("policy.yaml"), as: UTF8.self)
      try workspace.write(text.replacingOccurrences(of: old, with: new), to: "other.yaml")
      let outcome = try await workspace.run("run", "other.yaml", environment: environment)
      #expect(outcome.code == 64 && outcome.errors.contains(says), "\(outcome.errors)")
    }
  }
}
