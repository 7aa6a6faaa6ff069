import Core
import Kinds

/// Datasets whose records may be conversations: what the user said is asked turn by turn, and what a model once answered is left out, since
/// the target answers itself.
extension Dataset {
  /// Published with arXiv:2209.07858.
  static let redTeamAttempts = Dataset(
    name: "hh-rlhf-red-team", title: "hh-rlhf red-team attempts",
    summary: "What a red teamer said in each conversation, turn by turn (keys transcript, rating, task_description)",
    licence: "MIT", columns: ["transcript", "rating", "task_description"], makesConversations: true,
    remark: { records in
      conversations(records.count { (humanTurns(in: $0["transcript"]?.string ?? "")?.count ?? 0) > 1 })
    }
  ) { record in
    let turns = humanTurns(in: try record.prompt("transcript"))
    guard let turns else { throw record.error("the transcript has no turn of a human", remedy: "Remove the record.") }
    if turns.isEmpty { return .leftOut("the human said nothing in them") }
    return .prompt(SuitePrompt(try asked(turns, record), category: record["tags"]?.array?.first?.string))
  }

  /// What the human said in a transcript, turn by turn, without turns of blanks; nil where no turn is a human's.
  private static func humanTurns(in transcript: String) -> [String]? {
    let (human, assistant) = ("\n\nHuman:", "\n\nAssistant:")
    // The first turn stands at the very beginning in some copies, without its line breaks.
    let whole = transcript.hasPrefix("Human:") ? "\n\n" + transcript : transcript
    guard let start = (whole.firstRange(of: human) ?? whole.firstRange(of: "Human:"))?.lowerBound else { return nil }
    let parts = ("\n\n" + whole[start...].drop(while: \.isWhitespace)).split(separator: human).map { part in
      part[..<(part.firstRange(of: assistant)?.lowerBound ?? part.endIndex)]
    }
    return parts.map { String($0).trimmingBlanks }.filter { !$0.isEmpty }
  }

  /// Published with arXiv:2410.02828.
  static let pyritSeeds = Dataset(
    name: "pyrit", title: "PyRIT seed prompts",
    summary: "Seeds with harm categories, turn by turn (keys value, harm_categories; by itself or for the whole file)",
    columns: ["value", "harm_categories"], makesConversations: true,
    remark: { records in conversations(records.count { ($0[turnsKey]?.array?.count ?? 0) > 1 }) },
    gather: { PyRITGroups($0).records }
  ) { record in
    if let reason = record[PyRITGroups.unreadable]?.string { return .leftOut(reason) }
    if let type = record.label("data_type"), type != "text" { return .leftOut("they are \(type), not text") }
    let turns = record[turnsKey]?.array?.compactMap(\.string)
    if turns == nil, let sequence = record["sequence"], sequence.label != "0" {
      return .leftOut("they are later turns of conversations that no group holds together")
    }
    if turns == nil, let role = record.label("role"), role != "user" {
      return .leftOut("they are turns of the \(role)")
    }
    let categories =
      record["harm_categories"]?.array?.compactMap(\.string) ?? [record.label("harm_categories")].compactMap(\.self)
    let prompt = try asked(
      turns ?? [unescaped(record.prompt("value"))], system: record[PyRITGroups.system]?.string, record)
    return .prompt(
      SuitePrompt(
        prompt, category: categories.first, cluster: record.label("prompt_group_alias"),
        tags: Array(categories.dropFirst())))
  }

  /// Where the turns of a record stand that was made of several.
  fileprivate static let turnsKey = "\u{1E}turns"

  /// One prompt, or the conversation in which the turns are asked one after another.
  /// - Throws: `SluiceError` (usage) for more turns than may be asked.
  private static func asked(_ turns: [String], system: String? = nil, _ record: DataRecord) throws -> String {
    guard turns.count <= Conversation.mostTurns else {
      throw record.error(
        "the conversation has \(turns.count) turns of the user", remedy: "Keep \(Conversation.mostTurns) at most.")
    }
    if let marked = turns.first(where: Conversation.isMarked) {
      return try ConversationReader.unmarked(marked) { record.error($0, remedy: $1) }
    }
    return Conversation(
      system: system, messages: [.init(.user, turns[0])], turns: Array(turns.dropFirst())
    ).text
  }

  /// What a reader has to know where some records are conversations; nil where none is.
  private static func conversations(_ count: Int) -> String? {
    count == 0
      ? nil
      : "\(counted(count, "record is a conversation", "records are conversations")) of several turns: what the user said is asked "
        + "turn by turn, and what a model answered is left out"
  }

  /// PyRIT renders values as Jinja; those that must stay as they are, are wrapped.
  fileprivate static func unescaped(_ value: String) -> String {
    let (opening, closing) = ("{% raw %}", "{% endraw %}")
    guard value.hasPrefix(opening), value.hasSuffix(closing), value.count >= opening.count + closing.count else {
      return value
    }
    return String(value.dropFirst(opening.count).dropLast(closing.count))
  }
}

/// The seeds of a PyRIT file, those of one group that come after one another as one record.
private struct PyRITGroups {
  private(set) var records: [DataRecord] = []

  /// Where a record says why its conversation can't be asked, and where it has a system prompt.
  static let unreadable = "\u{1E}unreadable"
  static let system = "\u{1E}system"
  private static let notes = [Dataset.turnsKey, unreadable, system]

  init(_ given: [DataRecord]) {
    var groups: [String: [DataRecord]] = [:]
    for record in given { if let name = Self.group(record) { groups[name, default: []].append(record) } }
    let conversations = groups.filter { $0.value.contains { Self.place($0) != 0 } }
    var done: Set<String> = []
    for record in given {
      guard let name = Self.group(record), let members = conversations[name] else {
        records.append(record.noting([], own: Self.notes))
        continue
      }
      if done.insert(name).inserted { records.append(Self.conversation(members)) }
    }
  }

  private static func group(_ record: DataRecord) -> String? {
    record.label("prompt_group_id").map { "id \($0)" } ?? record.label("prompt_group_alias").map { "alias \($0)" }
  }

  private static func place(_ record: DataRecord) -> Int { record["sequence"]?.label.flatMap { Int($0) } ?? 0 }

  /// - Parameter members: of one group, in the order of the file.
  private static func conversation(_ members: [DataRecord]) -> DataRecord {
    let ordered = members.enumerated().sorted { (place($0.element), $0.offset) < (place($1.element), $1.offset) }
      .map(\.element)
    let first = ordered.first { role($0) == "user" } ?? ordered[0]
    func record(_ notes: [JSON.Member]) -> DataRecord { first.noting(notes, own: Self.notes) }
    func left(_ reason: String) -> DataRecord { record([.init(unreadable, .string(reason))]) }
    if let other = ordered.first(where: { ($0.label("data_type") ?? "text") != "text" }) {
      return left("their conversations have turns that are \(other.label("data_type") ?? ""), not text")
    }
    var turns: [(place: Int, texts: [String])] = []
    var systems: [String] = []
    for member in ordered {
      guard let value = member["value"]?.string, value.contains(where: { !$0.isWhitespace }) else {
        return left("their conversations have turns without a text")
      }
      let text = Dataset.unescaped(value)
      switch role(member) {
      case "user":
        // What has the same place is sent together.
        if turns.last?.place == place(member) {
          turns[turns.count - 1].texts.append(text)
        } else {
          turns.append((place(member), [text]))
        }
      case "system": systems.append(text)
      default: break
      }
    }
    if turns.isEmpty { return left("their conversations have no turn of a user") }
    return record(
      [.init(Dataset.turnsKey, .strings(turns.map { $0.texts.joined(separator: "\n") }))]
        + (systems.isEmpty ? [] : [.init(system, .string(systems.joined(separator: "\n")))]))
  }

  private static func role(_ record: DataRecord) -> String { record.label("role") ?? "user" }
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
