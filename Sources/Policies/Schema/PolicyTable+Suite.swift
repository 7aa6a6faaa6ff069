import Kinds
import Targets
import Transforms

extension PolicyTable {
  static func suite(_ kinds: [TargetKind]) -> PolicyKey {
    PolicyKey(
      name: "suite", shape: .object(seeds + [transforms(kinds), rewriter(kinds)] + asking), required: true,
      help: "What is replayed at every run.")
  }

  private static func transforms(_ kinds: [TargetKind]) -> PolicyKey {
    let language = PolicyKey(
      name: "language", shape: .text,
      help: "The language to translate into, by its BCP 47 tag, for example ja or pt-BR.")
    return PolicyKey(
      name: "transforms", shape: .list(.entry(kinds.keys(and: [language]), brief: [language])),
      help:
        "Ask every attack rewritten as well, in its cluster: "
        + (Transform.all.map(\.name) + ModelTransform.all.map(\.name)).joined(separator: ", ")
        + "; several joined by '+' are done in turn. The last three ask a model: suite.rewriter, or that of their own keys.",
      example: "transforms: [base64, past-tense, translate: {language: ja}]")
  }

  private static func rewriter(_ kinds: [TargetKind]) -> PolicyKey {
    PolicyKey(
      name: "rewriter", shape: .kind(kinds.keys()),
      help: "The model that \(ModelTransform.all.map(\.name).joined(separator: ", ")) ask where they name none.",
      example: "rewriter: {kind: openai, url: https://rewriter.example/v1, model: rewriter-1}")
  }

  private static let seeds: [PolicyKey] =
    [
      PolicyKey(
        name: "seeds", shape: .file, required: true,
        help: "Known attacks (JSON Lines: prompt, category…; or CSV, JSON, YAML, text and published suites)."),
      PolicyKey(
        name: "columns",
        shape: .object([
          PolicyKey(name: "prompt", shape: .text, required: true, help: "The column of what is asked."),
          PolicyKey(name: "category", shape: .text, help: "The column of the policy category."),
          PolicyKey(name: "locale", shape: .text, help: "The column of the BCP 47 language tag."),
          PolicyKey(name: "cluster", shape: .text, help: "The column that near-copies share."),
        ]), help: "Which columns of the seeds hold what (default: those with these names)."),
      PolicyKey(name: "responses", shape: .integer(1...1000), fallback: "3", help: "Responses an attack and model."),
      PolicyKey(
        name: "confirm_responses", shape: .integer(2...1000),
        help: "Fresh responses for an attack that looks newly broken; a quarter may clear it (default: by `effect`)."),
    ]

  private static let asking: [PolicyKey] =
    [
      PolicyKey(
        name: "early_stop", shape: .toggle, fallback: "on",
        help: "Stop replaying as soon as every check on the suite is decided."),
      PolicyKey(
        name: "benign", shape: .file,
        help: "Harmless questions (formats as for seeds; default: benign.jsonl beside the seeds)."
      ),
      PolicyKey(
        name: "benign_responses", shape: .integer(1...1000), fallback: "1", help: "Responses a harmless question."),
    ]
}
