import ArgumentParser
import Core
import Foundation
import Gate

/// Serves a checkpoint as a worker.
struct AttackerServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Be a worker: run a checkpoint for another Sluice, over standard input and output.",
    discussion: """
      Speaks the protocol of attacker.engine, whose reference it is. It ends when its input does.

      Then: attacker: {engine: {kind: command, command: [sluice, attacker, serve, CHECKPOINT], env: [PATH]}} in the policy.

      Examples:
        sluice attacker conform -- sluice attacker serve fixtures/lab/attacker
      """)

  @Argument(help: "A Hugging Face folder, a GGUF file, or a LoRA adapter's folder.")
  var checkpoint: String

  func run() async throws { try await WorkerTools.serve(checkpoint) }
}

/// Holds a worker to the protocol.
struct AttackerConformCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "conform",
    abstract: "Hold a worker to the protocol of attacker.engine: shapes, meaning, the same again.",
    discussion: """
      The worker is started as a run starts it, and asked for everything that a run may ask. With --like, its log-probabilities \
      are compared with those of the same checkpoint in this process. The exit code is 0 where everything holds, else 1.

      Examples:
        sluice attacker conform --like fixtures/lab/attacker -- \\
          sluice attacker serve fixtures/lab/attacker
        sluice attacker conform --env PATH --env HOME -- \\
          python3 worker.py models/attacker
      """)

  @Argument(help: "The worker: a program and its arguments, after --.")
  var command: [String]

  @Option(help: "A checkpoint of the same model.")
  var like: String?

  @Option(help: "The meta prompt; the model's own where it isn't said.")
  var prompt: String?

  @Option(name: .customLong("env"), help: "A variable that the worker gets; may be repeated. It gets no others.")
  var variables: [String] = []

  @Option(help: "Seconds to wait for one answer at most.")
  var timeout = 600

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    if command.isEmpty { throw ValidationError("Name the worker after --.") }
    if !(1...86_400).contains(timeout) { throw ValidationError("--timeout goes from 1 to 86400.") }
  }

  func run() async throws {
    var asked = WorkerTools.Examination(command: command)
    asked.variables = variables
    asked.timeout = .seconds(timeout)
    asked.checkpoint = like
    asked.prompt = prompt
    var findings: [WorkerTools.Finding] = []
    try await WorkerTools.examine(asked) { finding in
      findings.append(finding)
      if !json { try StandardOutput.write(line(finding)) }
    }
    if json { try StandardOutput.write(json: JSONText.of(findings)) }
    if findings.contains(where: { $0.failure != nil }) { throw ArgumentParser.ExitCode(Core.ExitCode.fail.rawValue) }
  }

  private func line(_ finding: WorkerTools.Finding) -> String {
    let more = finding.failure ?? finding.detail
    return VisibleText.line(
      (finding.failure == nil ? "ok    " : "FAIL  ") + finding.claim + (more.isEmpty ? "" : ": \(more)")) + "\n"
  }
}
