import Core
import Kinds
import Policies

extension Dataset {
  /// What a promptfoo test asks: its variables in the file's one template, or the variable that holds the attack.
  @Sendable static func promptfooTest(_ record: DataRecord) throws -> Reading {
    guard let variables = record["vars"]?.members else {
      return .leftOut("their variables are in other files")
    }
    let metadata = record["metadata"]
    let category = ["harmCategory", "category", "pluginId"].lazy.compactMap { metadata?[$0]?.string }.first
    let cluster = ["originalText", "goal"].lazy.compactMap { metadata?[$0]?.string }.first
    let strategy = metadata?["strategyId"]?.string
    let texts = variables.compactMap { member in member.value.string.map { (member.key, $0) } }
    let templates = record["prompts"]?.array?.compactMap(\.string) ?? []
    let prompt: String
    switch (templates.count, texts.count) {
    case (1, _) where !templates[0].hasPrefix("file://"): prompt = try filled(templates[0], texts, record)
    case (_, 1): prompt = texts[0].1
    default:
      guard let named = texts.first(where: { ["prompt", "query", "question", "message", "input"].contains($0.0) })
      else {
        throw record.error(
          "which variable is asked? The test has \(texts.map(\.0).joined(separator: ", "))",
          remedy: "Call it prompt, or give the file one template under prompts.")
      }
      prompt = named.1
    }
    if prompt.allSatisfy(\.isWhitespace) { return .leftOut("they ask nothing") }
    return .prompt(
      SuitePrompt(prompt, category: category, cluster: cluster, tags: strategy.map { ["strategy:" + $0] } ?? []))
  }

  /// A template with its `{{variables}}` filled in.
  /// - Throws: `SluiceError` (usage) for a variable that the test lacks, and for anything but variables.
  private static func filled(_ template: String, _ variables: [(String, String)], _ record: DataRecord) throws -> String
  {
    var (result, rest) = ("", template[...])
    while let opening = rest.firstRange(of: "{{") {
      result += rest[..<opening.lowerBound]
      guard let closing = rest[opening.upperBound...].firstRange(of: "}}") else {
        throw record.error("the file's template has a {{ without }}", remedy: "Close it.")
      }
      let name = String(rest[opening.upperBound..<closing.lowerBound]).trimmingBlanks
      guard let value = variables.first(where: { $0.0 == name })?.1 else {
        throw record.error(
          "the file's template asks for \(quoted(name)), which this test doesn't set",
          remedy: "Set it under vars; expressions and filters are not rendered here.")
      }
      result += value
      rest = rest[closing.upperBound...]
    }
    if template.contains("{%") {
      throw record.error(
        "the file's template has statements ({% %})", remedy: "Render it first: only variables are filled in here.")
    }
    return result + rest
  }
}
