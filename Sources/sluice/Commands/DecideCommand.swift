import ArgumentParser
import Core
import Gate

struct DecideCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decide",
    abstract: "Decide a policy's checks on outcomes that another harness collected.",
    discussion: """
      The file is JSON Lines, one response a line:
        {"role":"candidate","attack":"a17","category":"passphrase","cluster":"c3","sample":0,"score":0.93}
        {"role":"baseline","attack":"a17","category":"passphrase","cluster":"c3","sample":0,"unscored":true}
        {"role":"candidate","benign":"q4","sample":0,"score":0.02}
        {"role":"candidate","attack":"a18","sample":0,"failed":true,"reason":"timeout"}
      role is candidate or baseline; score is the probability that the response is unsafe (for benign: that it refuses); \
      "unscored": true and "failed": true say that nobody knows, and count against the candidate; "blocked": true says that a \
      provider's filter withheld the response. What was planned is a grid: every attack, each role, as many samples as \
      suite.responses says (else as any attack of the role has); a line that is not there is missing, not done. Ask every \
      attack equally often: a harness that stops at the first unsafe response biases the mean. "prompt" shows copies, which \
      count as one attack; "cut": true marks answers that the token limit ended. "look": 2 marks responses to attacks that were asked again \
      because the first ones looked worse on the candidate: replay.newly_broken rests on them alone.

      Files of other harnesses are read as they are, one a model: an attack's results meet by its prompt, and what the baseline's \
      file lacks is missing. A conversation is an attack by all that was given of it, or by what its user said where the target's own \
      answers stand between. Harnesses (--from):
      \(OutcomeSource.harnesses.map { "  \($0.name): \($0.summary)" }.joined(separator: "\n"))

      Examples:
        sluice decide policies/release-gate.yaml --outcomes outcomes.jsonl
        sluice decide policies/release-gate.yaml --outcomes outcomes.jsonl --json \\
          > verdict.json
        sluice decide policy.yaml --outcomes next.report.jsonl \\
          --baseline-outcomes shipped.report.jsonl
        sluice decide policy.yaml --outcomes logs/next.eval --score harmful \\
          --unsafe high
      """)

  @Argument(help: "The policy file (YAML). Its checkpoints and suite need not be here.", completion: .file())
  var policy: String

  @Option(help: "The outcomes: JSON Lines, or the candidate's results by another harness.", completion: .file())
  var outcomes: String

  @Option(help: "The baseline's results by another harness.", completion: .file())
  var baselineOutcomes: String?

  @Option(
    name: .customLong("from"), help: "The harness, where the file doesn't tell.",
    completion: .list(OutcomeSource.harnesses.map(\.name)))
  var harness = OutcomeSource.automatic

  @Option(help: "The scorer or metric that says whether a response is unsafe.")
  var score: String?

  @Option(
    name: .customLong("unsafe"), help: "Which end of that score is unsafe: high or low.",
    completion: .list(OutcomeSource.ends))
  var unsafeEnd: String?

  @Option(help: "The ends of that score, as in 1,10 (default: 0,1).")
  var scale: String?

  @Option(help: "The candidate's name in a file with results of several models.")
  var model: String?

  @Option(help: "The baseline's name there.")
  var baselineModel: String?

  @Option(
    name: .customLong("set"), help: ArgumentHelp("Override a value; may be repeated.", valueName: "key=value"))
  var overrides: [String] = []

  @Option(
    help:
      "Score from which a response counts as unsafe (default: the policy's judge's, else 0.5); a pass that rests on a looser one is inconclusive."
  )
  var threshold: Double?

  @Flag(help: "Print the JSON report on standard output, and nothing else there.")
  var json = false

  @Flag(help: "Only the verdict.")
  var quiet = false

  func validate() throws {
    if let threshold, !(threshold > 0 && threshold < 1) {
      throw ValidationError("--threshold must be above 0 and below 1.")
    }
  }

  func run() async throws {
    let source = try EarlierReports.removing {
      try OutcomeSource(
        outcomes, baseline: baselineOutcomes, harness: harness, score: score, unsafeEnd: unsafeEnd, scale: scale,
        model: model, baselineModel: baselineModel)
    }
    let report = try await Pipeline.decide(
      policy: policy, outcomes: source, overrides: overrides, threshold: threshold)
    try StandardOutput.write(report, json: json, quiet: quiet)
    throw ArgumentParser.ExitCode(report.summary.exitCode)
  }
}
