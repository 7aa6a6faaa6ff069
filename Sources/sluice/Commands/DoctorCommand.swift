import ArgumentParser
import Core
import Foundation
import Gate

struct DoctorCommand: AsyncParsableCommand, DiagnosedCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Look at what a run needs: machine, policy, files, keys, ledger, reports, servers.",
    discussion: """
      Examples:
        sluice doctor
        sluice doctor policies/openai-compatible.yaml
        sluice doctor policies/openai-compatible.yaml --offline --json

      Nothing is written. Each model and each served judge is asked one harmless question, unless --offline is given;
      keys are looked for and never shown. The exit code is that of the first thing that would stop a run.
      """)

  @Argument(
    help: "The policy file (YAML); absent: the machine alone.", completion: .file(extensions: ["yaml", "yml"]))
  var policy: String?

  @Option(
    name: .customLong("set"), help: ArgumentHelp("Override a value; may be repeated.", valueName: "key=value"))
  var overrides: [String] = []

  @Flag(help: "Ask no model.")
  var offline = false

  @Flag(help: "Print JSON.")
  var json = false

  @OptionGroup(title: "Diagnostics")
  var diagnostics: DiagnosticOptions

  func run() async throws {
    var findings: [Doctor.Finding] = []
    try await Doctor(policy: policy, overrides: overrides, asksModels: !offline).examine { finding in
      findings.append(finding)
      if !json { try StandardOutput.write(line(finding)) }
    }
    if json { try StandardOutput.write(json: JSONText.of(findings)) }
    if let first = findings.first(where: { !$0.isFine }) { throw ArgumentParser.ExitCode(first.exitCode) }
  }

  private func line(_ finding: Doctor.Finding) -> String {
    let remedy = finding.remedy.map { "\n    \($0)" } ?? ""
    return "\(finding.isFine ? "✓" : "✗") \(finding.subject): \(finding.finding)\(remedy)\n"
  }
}
