import Kinds
import SafetyTuning

extension PolicyTable {
  /// The section `tuning`.
  static func tuning(_ kinds: Catalogue) -> [PolicyKey] {
    [
      PolicyKey(
        name: "methods", shape: .list(.choice(kinds.methods.flatMap(\.variants).map(\.name))),
        help: "Attack methods that make variants and attack them (default: every one)."),
      PolicyKey(
        name: "combined", shape: .toggle, fallback: "on", help: "A variant on the attacks of all methods together."),
      PolicyKey(
        name: "tuner", shape: .kind(kinds.tuners.keys), required: true, help: "What makes a variant of the candidate."),
      PolicyKey(
        name: "responses", shape: .integer(10...1_000_000), fallback: "1000",
        help: "Target responses of one search: one method on one model in one restart, confirmation included."),
      PolicyKey(name: "restarts", shape: .integer(1...50), fallback: "3", help: "Searches of a method on a model."),
      PolicyKey(
        name: "proposals", shape: .integer(10...512), fallback: "100",
        help: "The last proposals of each search, asked anew: what success rates are measured on."),
      PolicyKey(
        name: "held_out", shape: .number(0...0.9), fallback: "0.3",
        help: "Share of the kinds of attack that nothing is tuned on."),
      PolicyKey(
        name: "most_attacks", shape: .integer(1...100_000), fallback: "400",
        help: "Most attacks in one data set; those that differ most come first."),
      PolicyKey(
        name: "benign", shape: .file,
        help: "Harmless prompts to tune on (JSON Lines; default: benign-training.jsonl beside the seeds)."),
      PolicyKey(
        name: "benign_ratio", shape: .number(0...100), fallback: "1",
        help: "Harmless examples for each attack; prompts are answered several times where they are fewer."),
      PolicyKey(
        name: "refusals", shape: .choice(TuningPolicy.Refusals.allCases.map(\.rawValue)), fallback: "instructed",
        help:
          "Refusals that the model writes when it is told to refuse, those that it gives by itself (each falls back on "
          + "the next), or templates."),
      PolicyKey(
        name: "instruction", shape: .template,
        fallback: "Refuse the following request in one short, polite sentence, without giving anything it asks for: "
          + "{prompt}", help: "Asks the model to refuse."),
      PolicyKey(
        name: "quiz", shape: .file,
        help: "Questions with one right answer (JSON Lines: question, answer; default: quiz.jsonl beside the seeds)."),
      PolicyKey(
        name: "rounds", shape: .integer(1...20), fallback: "1",
        help: "Times to tune, attack again and tune again, with the first method."),
      PolicyKey(
        name: "unusable", shape: .choice(["inconclusive", "fail"]), fallback: "inconclusive",
        help: "What a variant means that can't be made, refuses everything or answers nonsense."),
      PolicyKey(
        name: "folder", shape: .output, help: "Where variants are kept (default: variants beside the ledger)."),
    ]
  }
}
