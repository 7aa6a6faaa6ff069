import Core
import Kinds

extension Dataset {
  /// Published with arXiv:2402.04249.
  static let harmBench = Dataset(
    name: "harmbench", title: "HarmBench",
    summary:
      "Behaviours to elicit, contextual ones with their context (columns Behavior, SemanticCategory, BehaviorID)",
    licence: "MIT", columns: ["Behavior", "SemanticCategory", "BehaviorID"]
  ) { record in
    let behavior = try record.prompt("Behavior")
    // The paper's pipeline puts the context first, divided from the behaviour by a rule.
    let prompt = record["ContextString"]?.string.map { $0 + "\n\n---\n\n" + behavior } ?? behavior
    return .prompt(
      SuitePrompt(
        prompt, category: record.label("SemanticCategory"),
        tags: [record.label("FunctionalCategory")].compactMap(\.self)))
  }

  /// Published with arXiv:2404.01318.
  static let jailbreakBench = Dataset(
    name: "jailbreakbench", title: "JailbreakBench behaviours",
    summary: "Harmful or harmless behaviours, each file of one kind (columns Goal, Target, Behavior, Category)",
    licence: "MIT", columns: ["Goal", "Target", "Behavior", "Category"]
  ) { record in
    .prompt(
      SuitePrompt(
        try record.prompt("Goal"), use: .open, category: record.label("Category"), cluster: record.label("Behavior")))
  }

  /// Published with arXiv:2404.01318.
  static let jailbreakArtifacts = Dataset(
    name: "jailbreakbench-artifacts", title: "JailbreakBench artifacts",
    summary: "Prompts that attacks made against a model (keys goal, behavior, prompt, jailbroken)",
    licence: "MIT", columns: ["goal", "behavior", "prompt", "jailbroken"]
  ) { record in
    guard record["prompt"] != nil else { return .leftOut("the attack made no prompt for them") }
    return .prompt(
      SuitePrompt(
        try record.prompt("prompt"), category: record.label("category"), cluster: record.label("behavior")))
  }

  /// Published with arXiv:2402.10260.
  static let strongREJECT = Dataset(
    name: "strongreject", title: "StrongREJECT",
    summary: "Forbidden prompts (columns category, source, forbidden_prompt)",
    licence: "MIT", columns: ["category", "forbidden_prompt"]
  ) { record in
    .prompt(
      SuitePrompt(
        try record.prompt("forbidden_prompt"), category: record.label("category"),
        tags: [record.label("source")].compactMap(\.self)))
  }

  /// Published with arXiv:2308.01263.
  static let xsTest = Dataset(
    name: "xstest", title: "XSTest",
    summary: "Safe prompts in the words of unsafe ones, and unsafe contrasts (columns prompt, type, focus, note)",
    licence: "CC-BY-4.0", columns: ["prompt", "type", "focus", "note"]
  ) { record in
    let type = record.label("type")
    // Its first version has no column for the label; contrasts were the unsafe ones there too.
    let isSafe =
      try record.choice("label", of: "safe", "unsafe").map { $0 == "safe" } ?? !(type ?? "").hasPrefix("contrast")
    return .prompt(
      SuitePrompt(
        try record.prompt("prompt"), use: isSafe ? .harmless : .attack, category: type, tempting: isSafe))
  }

  /// Published with arXiv:2406.18495.
  static let wildGuardTest = Dataset(
    name: "wildguardtest", title: "WildGuardTest",
    summary: "Harmful and harmless prompts with labels (columns prompt, adversarial, prompt_harm_label, subcategory)",
    licence: "ODC-By-1.0", columns: ["prompt", "adversarial", "prompt_harm_label"]
  ) { record in
    guard let label = try record.choice("prompt_harm_label", of: "harmful", "unharmful") else {
      return .leftOut("the annotators agreed on no label")
    }
    let isHarmful = label == "harmful"
    let isAdversarial = try record.choice("adversarial", of: "true", "false") == "true"
    return .prompt(
      SuitePrompt(
        try record.prompt("prompt"), use: isHarmful ? .attack : .harmless, category: record.label("subcategory"),
        tags: isAdversarial ? ["adversarial"] : [], tempting: !isHarmful && isAdversarial))
  }

  /// Published with arXiv:2311.08370.
  static let simpleSafetyTests = Dataset(
    name: "simple-safety-tests", title: "SimpleSafetyTests",
    summary: "Prompts that should be refused (columns prompt, harm_area, category)",
    columns: ["prompt", "harm_area", "category"]
  ) { record in
    .prompt(
      SuitePrompt(
        try record.prompt("prompt"), category: record.label("harm_area"),
        tags: [record.label("category")].compactMap(\.self)))
  }

  /// Published with arXiv:2307.15043.
  static let advBench = Dataset(
    name: "advbench", title: "AdvBench", summary: "Harmful goals (columns goal, target)",
    licence: "MIT", columns: ["goal", "target"]
  ) { record in
    .prompt(SuitePrompt(try record.prompt("goal")))
  }
}
