import Attackers
import Core
import Foundation
import Kinds
import Targets

/// A worker as a policy describes it.
package struct CommandEngine: EngineRecipe {
  /// Program and arguments; no shell is involved.
  let command: [String]
  /// Names of the only variables that the program gets.
  let variables: [String]
  /// Longest wait for one answer.
  let timeout: Duration

  package init(command: [String], variables: [String] = [], timeout: Duration = .seconds(600)) {
    self.command = command
    self.variables = variables
    self.timeout = timeout
  }

  /// Arguments may be scripts, files and checkpoints.
  package var inputs: [InputFile] {
    command.compactMap(Serving.input).reduce(into: []) { all, path in
      let file = InputFile("engine", path: path, isCheckpoint: true)
      if !all.contains(file) { all.append(file) }
    }
  }

  package func make(_ context: EngineContext) throws -> any AttackerEngine {
    try make(context, environment: ProcessInfo.processInfo.environment)
  }

  /// - Parameter environment: where the program is looked for (`PATH`), and what it gets some of.
  package func make(_ context: EngineContext, environment: [String: String]) throws -> any AttackerEngine {
    let executable = try ExecutablePath.find(
      command.first ?? "", what: "the attacker's command", path: environment["PATH"])
    let given = environment.filter { variables.contains($0.key) }
    let identity = CommandIdentity(command, executable: executable, variables: variables, given: given)
    let redactor = context.redactor.union(identity.secrets)
    let parts = try identity.parts(redactor, fingerprint: context.fingerprint)
    let client = WorkerClient(
      name: (command.first ?? "").lastNameOfPath, executable: executable, arguments: command, environment: given,
      timeout: timeout, redactor: redactor, clock: context.clock)
    return WorkerEngine(client, fingerprint: "command " + context.digest(parts.serialized()))
  }
}

extension EngineKind {
  static let command = EngineKind(
    name: "command", summary: "a worker that owns weights, tokenizer and optimizer",
    keys: [
      PolicyKey(
        name: "command", shape: .list(.text), required: true,
        help: "Program and arguments of a worker that speaks the protocol of attackers over its standard streams.",
        example: "[python3, worker.py, models/attacker]"),
      PolicyKey(
        name: "env", shape: .list(.passedVariable),
        help: "Environment variables that the worker gets (PATH, HOME, CUDA_VISIBLE_DEVICES, …): these and no others."),
      PolicyKey(
        name: "timeout", shape: .duration, fallback: "10m",
        help: "Longest wait for one answer, the first one with loading included."),
    ]
  ) { section in
    CommandEngine(
      command: section.list("command"), variables: section.list("env"),
      timeout: section.duration("timeout") ?? .zero)
  }
}
