import Core

/// A shape in which a published suite comes: how to tell it, and what its columns mean.
public struct Dataset: Sendable {
  /// What one record gives.
  enum Reading {
    case prompt(SuitePrompt)
    /// No prompt that can be asked; the reason fits after "3 records: ".
    case leftOut(String)
  }

  /// What `--format` calls it.
  public let name: String
  public let title: String
  /// What is in it and which columns it is told by.
  public let summary: String
  /// Where it is published, or which paper describes it.
  public let source: String
  /// Where all of it has one, by its SPDX identifier.
  public let licence: String?
  private let columns: [String]
  private let read: @Sendable (DataRecord) throws -> Reading

  /// - Parameter columns: that every record of it has, and no other dataset has all of.
  init(
    name: String, title: String, summary: String, source: String, licence: String? = nil, columns: [String],
    read: @escaping @Sendable (DataRecord) throws -> Reading
  ) {
    (self.name, self.title, self.summary, self.source) = (name, title, summary, source)
    (self.licence, self.columns, self.read) = (licence, columns, read)
  }

  /// All that are told by their columns, the most particular first.
  public static let all: [Dataset] = [
    harmBench, jailbreakBench, jailbreakArtifacts, strongREJECT, xsTest, wildGuardTest, simpleSafetyTests,
    redTeamAttempts, pyritSeeds, promptfoo, advBench,
  ]

  /// The dataset whose columns the records have; nil where none does.
  static func recognised(in records: [DataRecord]) -> Dataset? {
    guard let first = records.first else { return nil }
    let present = Set(first.fields.map(\.key))
    return all.first { $0.columns.allSatisfy(present.contains) }
  }

  func reading(_ record: DataRecord) throws -> Reading { try read(record) }
}

extension Dataset {
  static let harmBench = Dataset(
    name: "harmbench", title: "HarmBench",
    summary:
      "Behaviours to elicit, contextual ones with their context (columns Behavior, SemanticCategory, BehaviorID)",
    source: "arXiv:2402.04249", licence: "MIT", columns: ["Behavior", "SemanticCategory", "BehaviorID"]
  ) { record in
    let behavior = try record.prompt("Behavior")
    // The paper's pipeline puts the context first, divided from the behaviour by a rule.
    let prompt = record["ContextString"]?.string.map { $0 + "\n\n---\n\n" + behavior } ?? behavior
    return .prompt(
      SuitePrompt(
        prompt, category: record.label("SemanticCategory"), id: record.label("BehaviorID"),
        tags: [record.label("FunctionalCategory")].compactMap(\.self)))
  }

  static let jailbreakBench = Dataset(
    name: "jailbreakbench", title: "JailbreakBench behaviours",
    summary: "Harmful or harmless behaviours, each file of one kind (columns Goal, Target, Behavior, Category)",
    source: "arXiv:2404.01318", licence: "MIT", columns: ["Goal", "Target", "Behavior", "Category"]
  ) { record in
    .prompt(
      SuitePrompt(
        try record.prompt("Goal"), use: .open, category: record.label("Category"), cluster: record.label("Behavior"),
        id: record.label("Index")))
  }

  static let jailbreakArtifacts = Dataset(
    name: "jailbreakbench-artifacts", title: "JailbreakBench artifacts",
    summary: "Prompts that attacks made against a model (keys goal, behavior, prompt, jailbroken)",
    source: "arXiv:2404.01318", licence: "MIT", columns: ["goal", "behavior", "prompt", "jailbroken"]
  ) { record in
    guard record["prompt"] != nil else { return .leftOut("the attack made no prompt for them") }
    return .prompt(
      SuitePrompt(
        try record.prompt("prompt"), category: record.label("category"), cluster: record.label("behavior"),
        id: record.label("index")))
  }

  static let strongREJECT = Dataset(
    name: "strongreject", title: "StrongREJECT",
    summary: "Forbidden prompts (columns category, source, forbidden_prompt)",
    source: "arXiv:2402.10260", licence: "MIT", columns: ["category", "forbidden_prompt"]
  ) { record in
    .prompt(
      SuitePrompt(
        try record.prompt("forbidden_prompt"), category: record.label("category"),
        tags: [record.label("source")].compactMap(\.self)))
  }

  static let xsTest = Dataset(
    name: "xstest", title: "XSTest",
    summary: "Safe prompts in the words of unsafe ones, and unsafe contrasts (columns prompt, type, focus, note)",
    source: "arXiv:2308.01263", licence: "CC-BY-4.0", columns: ["prompt", "type", "focus", "note"]
  ) { record in
    let type = record.label("type")
    // Its first version has no column for the label; contrasts were the unsafe ones there too.
    let isSafe = record.label("label").map { $0.lowercased() == "safe" } ?? !(type ?? "").hasPrefix("contrast")
    return .prompt(
      SuitePrompt(
        try record.prompt("prompt"), use: isSafe ? .harmless : .attack, category: type, id: record.label("id"),
        tempting: isSafe))
  }

  static let wildGuardTest = Dataset(
    name: "wildguardtest", title: "WildGuardTest",
    summary: "Harmful and harmless prompts with labels (columns prompt, adversarial, prompt_harm_label, subcategory)",
    source: "arXiv:2406.18495", licence: "ODC-By-1.0", columns: ["prompt", "adversarial", "prompt_harm_label"]
  ) { record in
    guard let label = record.label("prompt_harm_label") else { return .leftOut("the annotators agreed on no label") }
    let isHarmful = label == "harmful"
    let isAdversarial = record.label("adversarial")?.lowercased() == "true"
    return .prompt(
      SuitePrompt(
        try record.prompt("prompt"), use: isHarmful ? .attack : .harmless, category: record.label("subcategory"),
        tags: isAdversarial ? ["adversarial"] : [], tempting: !isHarmful && isAdversarial))
  }

  static let simpleSafetyTests = Dataset(
    name: "simple-safety-tests", title: "SimpleSafetyTests",
    summary: "Prompts that should be refused (columns prompt, harm_area, category)", source: "arXiv:2311.08370",
    columns: ["prompt", "harm_area", "category"]
  ) { record in
    .prompt(
      SuitePrompt(
        try record.prompt("prompt"), category: record.label("harm_area"), id: record.label("id"),
        tags: [record.label("category")].compactMap(\.self)))
  }

  static let redTeamAttempts = Dataset(
    name: "hh-rlhf-red-team", title: "hh-rlhf red-team attempts",
    summary: "The first thing that a red teamer said in each conversation (keys transcript, rating, task_description)",
    source: "arXiv:2209.07858", licence: "MIT", columns: ["transcript", "rating", "task_description"]
  ) { record in
    let transcript = try record.prompt("transcript")
    let (human, assistant) = ("\n\nHuman:", "\n\nAssistant:")
    // The first turn stands at the very beginning in some copies, without its line breaks.
    let start = transcript.firstRange(of: human)?.upperBound ?? transcript.firstRange(of: "Human:")?.upperBound
    guard let start else { throw record.error("the transcript has no turn of a human", remedy: "Remove the record.") }
    let turn = transcript[start...]
    let first = String(turn[..<(turn.firstRange(of: assistant)?.lowerBound ?? turn.endIndex)]).trimmingBlanks
    if first.isEmpty { return .leftOut("the human said nothing in them") }
    return .prompt(SuitePrompt(first, category: record["tags"]?.array?.first?.string))
  }

  static let pyritSeeds = Dataset(
    name: "pyrit", title: "PyRIT seed prompts",
    summary: "Seeds with harm categories (keys value, harm_categories; by itself or for the whole file)",
    source: "arXiv:2410.02828", columns: ["value", "harm_categories"]
  ) { record in
    if let type = record.label("data_type"), type != "text" { return .leftOut("they are \(type), not text") }
    if let sequence = record["sequence"], sequence.label != "0" {
      return .leftOut("they are later turns of conversations")
    }
    if let role = record.label("role"), role != "user" { return .leftOut("they are turns of the \(role)") }
    let categories =
      record["harm_categories"]?.array?.compactMap(\.string) ?? [record.label("harm_categories")].compactMap(\.self)
    return .prompt(
      SuitePrompt(
        unescaped(try record.prompt("value")), category: categories.first,
        cluster: record.label("prompt_group_alias"), tags: Array(categories.dropFirst())))
  }

  static let promptfoo = Dataset(
    name: "promptfoo", title: "promptfoo tests",
    summary: "Tests with variables, put into the file's first prompt template (keys vars, metadata)",
    source: "https://www.promptfoo.dev/docs/configuration/reference/", columns: ["vars"], read: promptfooTest)

  static let advBench = Dataset(
    name: "advbench", title: "AdvBench", summary: "Harmful goals (columns goal, target)", source: "arXiv:2307.15043",
    licence: "MIT", columns: ["goal", "target"]
  ) { record in
    .prompt(SuitePrompt(try record.prompt("goal")))
  }

  /// PyRIT renders values as Jinja; those that must stay as they are, are wrapped.
  private static func unescaped(_ value: String) -> String {
    let (opening, closing) = ("{% raw %}", "{% endraw %}")
    guard value.hasPrefix(opening), value.hasSuffix(closing), value.count >= opening.count + closing.count else {
      return value
    }
    return String(value.dropFirst(opening.count).dropLast(closing.count))
  }
}

extension JSON {
  /// A scalar as text.
  fileprivate var label: String? {
    switch self {
    case .string(let text): text
    case .integer(let value): String(value)
    default: nil
    }
  }
}
