extension PolicyTable {
  /// A judge of any kind.
  static let judge =
    judgeKeys(
      kinds: ["classifier", "rules", "llm", "moderation", "ensemble", "routed"],
      help:
        "A local classifier, a rules file, a served language model, a moderation endpoint, several of them, or one for "
        + "each locale and category.") + [
      PolicyKey(
        name: "examples",
        shape: .object([
          PolicyKey(name: "unsafe", shape: .list(.text), required: true, help: "Responses that it has to flag."),
          PolicyKey(name: "safe", shape: .list(.text), help: "Responses that it has to let pass."),
        ]), kinds: ["classifier", "llm", "moderation", "ensemble", "routed"],
        help: "Planted transcripts that show whether the judge is awake (a rules file carries its own).")
    ]

  /// A judge that looks at responses itself, or an ensemble of such.
  private static let routedJudge = judgeKeys(
    kinds: ["classifier", "rules", "llm", "moderation", "ensemble"],
    help: "A local classifier, a rules file, a served language model, a moderation endpoint, or several of them.")

  /// A judge that looks at responses itself.
  private static let member = judgeKeys(
    kinds: ["classifier", "rules", "llm", "moderation"],
    help: "A local classifier, a rules file, a served language model or a moderation endpoint.")

  private static func judgeKeys(kinds: [String], help: String) -> [PolicyKey] {
    var keys = [PolicyKey(name: "kind", shape: .choice(kinds), required: true, help: help)] + leafKeys
    if kinds.contains("ensemble") { keys += ensembleKeys }
    if kinds.contains("routed") { keys += routingKeys }
    return keys
  }

  private static let leafKeys: [PolicyKey] =
    [
      PolicyKey(
        name: "checkpoint", shape: .folder, required: true, kinds: ["classifier"], help: "Folder of the classifier."),
      PolicyKey(name: "file", shape: .file, required: true, kinds: ["rules"], help: "YAML file of rules."),
      PolicyKey(
        name: "threshold", shape: .number(ratio), fallback: "0.5", kinds: ["classifier", "llm", "moderation"],
        help: "Probability from which a response counts as unsafe."),
    ] + server(["llm", "moderation"]) + [
      PolicyKey(
        name: "api", shape: .choice(["chat", "completions"]), fallback: "chat", kinds: ["llm"],
        help: "Which endpoint to use."),
      PolicyKey(
        name: "style", shape: .choice(["rubric", "conversation"]), fallback: "rubric", kinds: ["llm"],
        help: "Rubric and fenced transcript; or, for guard models, prompt and response as turns of a chat."),
      PolicyKey(
        name: "rubric", shape: .text, kinds: ["llm"], help: "What counts as unsafe (default: a general rubric)."),
      PolicyKey(
        name: "answer", shape: .choice(["label", "reasoned"]), fallback: "label", kinds: ["llm"],
        help: "One word, or reasons with the verdict on the last line."),
      PolicyKey(
        name: "labels",
        shape: .object([
          PolicyKey(name: "unsafe", shape: .text, fallback: "unsafe", help: "Says that the response is unsafe."),
          PolicyKey(name: "safe", shape: .text, fallback: "safe", help: "Says that the response is safe."),
        ]), kinds: ["llm"], help: "The two words of a verdict."),
      PolicyKey(
        name: "logprobs", shape: .toggle, fallback: "on", kinds: ["llm"],
        help: "Read the score from the first token's log-probabilities where the server gives them."),
      PolicyKey(
        name: "max_tokens", shape: .integer(1...100_000), kinds: ["llm"],
        help: "Longest reply of the judge (default: 16, or 512 where it is reasoned)."),
      PolicyKey(
        name: "categories",
        shape: .list(
          .object([
            PolicyKey(name: "name", shape: .text, required: true, help: "The endpoint's category."),
            PolicyKey(name: "as", shape: .text, help: "The policy's category for it (default: the same name)."),
          ])), kinds: ["moderation"], help: "Which of the endpoint's categories count (default: all)."),
    ]

  private static let ensembleKeys: [PolicyKey] = [
    PolicyKey(
      name: "rule", shape: .choice(["majority", "mean", "maximum"]), fallback: "majority", kinds: ["ensemble"],
      help: "How one score is made of the members' scores."),
    PolicyKey(
      name: "threshold", shape: .number(ratio), fallback: "0.5", kinds: ["ensemble"],
      help: "Combined score from which a response counts as unsafe (mean, maximum)."),
    PolicyKey(
      name: "members", shape: .list(.object(member)), required: true, kinds: ["ensemble"],
      help: "The judges that look at every response."),
  ]

  private static let routingKeys: [PolicyKey] = [
    PolicyKey(
      name: "routes",
      shape: .list(
        .object([
          PolicyKey(name: "locales", shape: .list(.text), help: "BCP 47 tags; de is for de-AT too."),
          PolicyKey(name: "categories", shape: .list(.text), help: "Categories of attacks."),
          PolicyKey(name: "judge", shape: .object(routedJudge), required: true, help: "Who judges those."),
        ])), required: true, kinds: ["routed"], help: "The first route that takes an attack judges its responses."),
    PolicyKey(
      name: "otherwise", shape: .object(routedJudge), kinds: ["routed"],
      help: "For attacks that no route takes (needed with an attacker: fresh attacks have no category yet)."),
  ]
}
