import ArgumentParser
import Core
import Foundation
import Gate

struct InitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init",
    abstract: "Write a first policy for a model of your own, and say what to do next.",
    discussion: """
      Asks at a terminal for what no option gives. Existing files are never replaced.

      Examples:
        sluice init
        sluice init --candidate http://127.0.0.1:8000/v1 --model next \\
          --baseline-model shipped --suite seeds.jsonl
        sluice init --candidate models/next --baseline models/shipped \\
          --suite seeds.jsonl --into gate --ci github
      """)

  @Option(help: "The model that may ship: an http address, or a checkpoint.")
  var candidate: String?

  @Option(help: "The candidate's name on its server.")
  var model: String?

  @Option(help: "The last release: an http address, or a checkpoint (default: the candidate's server).")
  var baseline: String?

  @Option(help: "The last release's name on its server.")
  var baselineModel: String?

  @Option(help: "The server of a model that judges (default: rules, which you fill in).")
  var judge: String?

  @Option(help: "The judge's name on its server.")
  var judgeModel: String?

  @Option(help: "The environment variable with the servers' API key.")
  var apiKeyEnv: String?

  @Option(help: "The attacks: JSON Lines, CSV, or what `sluice suite import` reads.", completion: .file())
  var suite: String?

  @Option(help: "Also write the file of a pipeline that runs the policy; call it in the repository's root.")
  var ci: PipelineFile?

  @Option(help: "What reports call the policy.")
  var name = "release-gate"

  @Option(help: "The folder to write into.", completion: .directory)
  var into = "."

  func run() throws {
    let place = try answer(candidate, "--candidate", "Which model may ship (an http address, or a checkpoint)?")
    var first = NewPolicy.Model(place: place, name: model)
    if first.isServed { first.name = try answer(model, "--model", "Its name on that server?") }
    var last: NewPolicy.Model?
    if let place = baseline ?? (baselineModel == nil ? nil : first.place) {
      last = NewPolicy.Model(place: place, name: baselineModel)
      if last?.isServed == true {
        last?.name = try answer(baselineModel, "--baseline-model", "The last release's name on its server?")
      }
    }
    let judging = try judge.map {
      NewPolicy.Model(place: $0, name: try answer(judgeModel, "--judge-model", "The judge's name on its server?"))
    }
    let policy = NewPolicy(
      name: name, candidate: first, baseline: last, judge: judging, keyVariable: apiKeyEnv,
      suite: try answer(suite, "--suite", "The file of attacks?"), pipeline: ci)
    try StandardOutput.write(policy.write(into: into))
  }

  /// What an option gives, else what a person says.
  /// - Throws: `SluiceError` (usage) where nobody is asked, or says nothing.
  private func answer(_ given: String?, _ option: String, _ question: String) throws -> String {
    if let given { return given }
    if isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 {
      StandardError.write("\(question) ")
      if let line = readLine()?.trimmingCharacters(in: .whitespaces), !line.isEmpty { return line }
    }
    throw SluiceError(.usage, "\(option) is missing", remedy: "\(question) `sluice init --help` has examples.")
  }
}

extension PipelineFile: ExpressibleByArgument {}
