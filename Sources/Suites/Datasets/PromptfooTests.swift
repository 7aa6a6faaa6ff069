import Core
import Kinds

extension Dataset {
  /// Described at <https://www.promptfoo.dev/docs/configuration/reference/>.
  static let promptfoo = Dataset(
    name: "promptfoo", title: "promptfoo tests",
    summary: "Tests with variables, put into the file's one prompt template (keys vars, metadata)", columns: ["vars"],
    remark: { records in
      switch records.first.flatMap({ try? PromptfooTemplate($0) }) {
      case .elsewhere(let path): "the prompt template in \(quoted(path)) was not read: the variable alone is asked"
      case .lastTurn: "of the chat template the last user turn alone is asked"
      case .text, .alone, nil: nil
      }
    }
  ) { record in
    guard let given = record["vars"] else { return .leftOut("they set no variables") }
    guard let own = given.members else { return .leftOut("their variables are in other files") }
    let usual = record["defaultTest"]?["vars"]?.members ?? []
    let variables = own + usual.filter { member in !own.contains { $0.key == member.key } }
    if let list = variables.first(where: { $0.value.array != nil }) {
      throw record.error(
        "the variable \(quoted(list.key)) is a list, and promptfoo asks each of its values",
        remedy: "Write a test for each value.")
    }
    if variables.contains(where: { $0.value.string?.hasPrefix("file://") == true }) {
      return .leftOut("their variables are in other files")
    }
    let prompt =
      switch try PromptfooTemplate(record) {
      case .text(let template), .lastTurn(let template): try PromptfooTemplate.filled(template, variables, record)
      case .elsewhere, .alone: try PromptfooTemplate.asked(variables, record)
      }
    if prompt.allSatisfy(\.isWhitespace) { return .leftOut("they ask nothing") }
    let metadata = record["metadata"]
    return .prompt(
      SuitePrompt(
        prompt, category: ["harmCategory", "category", "pluginId"].lazy.compactMap { metadata?[$0]?.string }.first,
        cluster: ["originalText", "goal"].lazy.compactMap { metadata?[$0]?.string }.first,
        tags: metadata?["strategyId"]?.string.map { ["strategy:" + $0] } ?? []))
  }
}

/// What a promptfoo file puts around the variables of its tests.
private enum PromptfooTemplate {
  /// Nothing: a test's variable is the attack.
  case alone
  case text(String)
  /// The last user turn of a conversation.
  case lastTurn(String)
  /// In another file.
  case elsewhere(String)

  /// - Parameter record: a test, with what the file says of all of them.
  /// - Throws: `SluiceError` (usage) for several templates, and for what is none.
  init(_ record: DataRecord) throws {
    guard let prompts = record["prompts"] else {
      self = .alone
      return
    }
    let all = prompts.array ?? [prompts]
    guard all.count < 2 else {
      throw record.error(
        "the file has \(all.count) prompt templates, and each test is one attack",
        remedy: "Keep one under prompts, and import the file once for each.")
    }
    guard let only = all.first else {
      self = .alone
      return
    }
    guard let text = only.string ?? only["raw"]?.string ?? only["id"]?.string else {
      throw record.error(
        "the file's prompt template is \(only.kind), not a text", remedy: "Write it as text, or as {raw: …}.")
    }
    if Self.isPath(text) {
      self = .elsewhere(text)
    } else {
      self = ChatMessages.attack(in: text).map { .lastTurn($0) } ?? .text(text)
    }
  }

  /// `file://chat.json`, `exec:make.sh` or `prompts.txt`.
  private static func isPath(_ text: String) -> Bool {
    if text.hasPrefix("file://") || text.hasPrefix("exec:") { return true }
    let isOneWord = !text.contains("{{") && !text.contains(where: \.isWhitespace)
    return isOneWord
      && [".txt", ".json", ".jsonl", ".yaml", ".yml", ".js", ".py", ".md", ".j2", ".csv"].contains {
        text.lowercased().hasSuffix($0)
      }
  }

  /// The variable that is asked by itself.
  /// - Throws: `SluiceError` (usage) where it can't be told which.
  static func asked(_ variables: [JSON.Member], _ record: DataRecord) throws -> String {
    let texts = variables.compactMap { member in
      member.value.isNull ? nil : text(member.value).map { (name: member.key, text: $0) }
    }
    if texts.count == 1 { return texts[0].text }
    let usual = ["prompt", "query", "question", "message", "input"]
    if let named = texts.first(where: { usual.contains($0.name) }) { return named.text }
    throw record.error(
      texts.isEmpty
        ? "the test has no variable with a text"
        : "which variable is asked? The test has \(texts.map { quoted($0.name) }.joined(separator: ", "))",
      remedy: "Call it prompt, or give the file one template under prompts.")
  }

  /// A template with its `{{variables}}` filled in.
  /// - Throws: `SluiceError` (usage) for a variable that the test lacks, and for anything but variables.
  static func filled(_ template: String, _ variables: [JSON.Member], _ record: DataRecord) throws -> String {
    for (mark, name) in [("{%", "statements ({% %})"), ("{#", "comments ({# #})")] where template.contains(mark) {
      throw record.error(
        "the file's template has \(name)", remedy: "Render it first: only variables are filled in here.")
    }
    var (result, rest) = ("", template[...])
    while let opening = rest.firstRange(of: "{{") {
      result += rest[..<opening.lowerBound]
      guard let closing = rest[opening.upperBound...].firstRange(of: "}}") else {
        throw record.error("the file's template has a {{ without }}", remedy: "Close it.")
      }
      let name = String(rest[opening.upperBound..<closing.lowerBound]).trimmingBlanks
      guard let value = variables.first(where: { $0.key == name })?.value else {
        throw record.error(
          "the file's template asks for \(quoted(name)), which this test doesn't set",
          remedy: "Set it under vars; expressions and filters are not rendered here.")
      }
      guard let text = text(value) else {
        throw record.error(
          "the file's template asks for \(quoted(name)), which is \(value.kind)", remedy: "Write it as a text.")
      }
      result += text
      rest = rest[closing.upperBound...]
    }
    return result + rest
  }

  /// A scalar as Nunjucks renders it; nil for lists and objects.
  private static func text(_ value: JSON) -> String? {
    switch value {
    case .string(let text): text
    case .integer(let number): String(number)
    // JavaScript has one kind of number, and writes whole ones without a point.
    case .number(let number): Int(exactly: number).map { String($0) } ?? String(number)
    case .bool(let bool): String(bool)
    case .null: ""
    case .array, .object: nil
    }
  }
}
