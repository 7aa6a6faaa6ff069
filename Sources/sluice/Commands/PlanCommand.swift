import ArgumentParser
import Gate

struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Say what a policy would ask and cost, and what its checks could decide, without asking any model.",
    discussion: """
      Requests, tokens, price (targets.*.price) and time (concurrency, requests_per_minute, latency) by model and stage; for \
      each check the chance of pass, fail and inconclusive for models below, at and above its limit; and the clusters of \
      attacks that it takes. Nobody has measured the models yet: what is assumed of them is printed, and --rate replaces the \
      guess by what an earlier run measured.

      Examples:
        sluice plan policies/release-gate.yaml
        sluice plan policies/release-gate.yaml --rate 0.03
        sluice plan policies/openai-compatible.yaml --set suite.responses=3
        sluice plan policies/release-gate.yaml --json > plan.json
      """)

  @Argument(help: "The policy file (YAML).", completion: .file(extensions: ["yaml", "yml"]))
  var policy: String

  @Option(
    name: .customLong("set"), help: ArgumentHelp("Override a value; may be repeated.", valueName: "key=value"))
  var overrides: [String] = []

  @Option(help: "The baseline's success rate on the suite (default: half of the limit on replay.asr).")
  var rate: Double?

  @Flag(help: "Print the plan as JSON on standard output, and nothing else there.")
  var json = false

  func validate() throws {
    if let rate, !(rate >= 0 && rate <= 1) { throw ValidationError("--rate must be between 0 and 1.") }
  }

  func run() throws {
    let plan = try Pipeline.plan(policy: policy, overrides: overrides, rate: rate)
    if json { try StandardOutput.write(json: plan.json()) } else { try StandardOutput.write(plan.text) }
  }
}
