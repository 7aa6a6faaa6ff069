import ArgumentParser
import Gate

struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Validate a policy and the files it names, without asking any model.",
    discussion: """
      Example:
        sluice check policies/release-gate.yaml --set budget.target_responses=5000
      """)

  @Argument(help: "The policy file (YAML).", completion: .file(extensions: ["yaml", "yml"]))
  var policy: String

  @Option(
    name: .customLong("set"), help: ArgumentHelp("Override a value; may be repeated.", valueName: "key=value"))
  var overrides: [String] = []

  func run() throws {
    try StandardOutput.write(Pipeline.check(policy: policy, overrides: overrides))
  }
}

struct SchemaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema",
    abstract: "Print the JSON Schema of policies, for editors, or of reports, for scripts.",
    discussion: """
      Examples:
        sluice schema > policy.schema.json
        sluice schema --report > report.schema.json
      """)

  @Flag(help: "The schema of JSON reports instead.")
  var report = false

  func run() throws {
    try StandardOutput.write(report ? Pipeline.reportSchema() : Pipeline.policySchema())
  }
}
