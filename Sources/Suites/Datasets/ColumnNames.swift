import Core
import Kinds

/// Which columns of a table, or keys of a record, hold what a suite needs.
public struct ColumnNames: Hashable, Sendable {
  /// What can be named.
  public static let roles = ["prompt", "category", "locale", "cluster"]

  /// By role; empty where nothing was named.
  public let names: [String: String]

  /// - Parameter names: by role.
  /// - Throws: `SluiceError` (usage) for another role, and where the prompt's column is missing.
  public init(_ names: [String: String]) throws {
    for role in names.keys.sorted() where !Self.roles.contains(role) {
      throw SluiceError(
        .usage, "unknown column role \(quoted(role))",
        remedy: suggestion(for: role, among: Self.roles, called: "They are"))
    }
    if !names.isEmpty, names["prompt"] == nil {
      throw SluiceError(.usage, "no column is named for the prompt", remedy: "Name it, as in prompt: question.")
    }
    self.names = names
  }

  /// - Parameter pairs: `role=column`, as on the command line.
  /// - Throws: `SluiceError` (usage), also for what is no pair.
  public init(pairs: [String]) throws {
    var names: [String: String] = [:]
    for pair in pairs {
      guard let split = pair.firstIndex(of: "="), split > pair.startIndex else {
        throw SluiceError(
          .usage, "\(quoted(pair)) names no column", remedy: "Write role=column, as in prompt=question.")
      }
      names[String(pair[..<split])] = String(pair[pair.index(after: split)...])
    }
    try self.init(names)
  }

  private init() { names = [:] }

  /// Those that carry the roles' own names, in any case.
  public static let usual = ColumnNames()

  /// The column of a role, among those of a file; nil where it has none.
  func column(_ role: String, among columns: [String]) -> String? {
    if let named = names[role] { return columns.first { $0 == named } }
    // A table whose columns somebody named says all that it means to say.
    if !names.isEmpty { return nil }
    let wanted = role == "locale" ? ["locale", "language", "lang"] : [role]
    return columns.first { wanted.contains($0.lowercased()) }
  }

  /// Whether a column of a file with these columns is read.
  func reads(_ name: String, among columns: [String]) -> Bool {
    (Self.roles + ["tempting"]).contains { column($0, among: columns) == name }
      || names.isEmpty && ConversationReader.keys.contains(name)
  }

  /// One prompt by these columns, or the conversation that the record is.
  /// - Throws: `SluiceError` (usage) where there is no prompt in it.
  func prompt(_ record: DataRecord) throws -> SuitePrompt {
    let columns = record.fields.map(\.key)
    let place = column("prompt", among: columns)
    func prompt() throws -> String {
      guard let place else { throw Self.noPrompt(record, asked: names["prompt"]) }
      return try record.prompt(place)
    }
    // A table whose columns somebody named says all that it means to say.
    let reader = ConversationReader(.object(record.fields)) { record.error($0, remedy: $1) }
    let asked =
      names.isEmpty && reader.isConversation
      ? try reader.text(prompt: prompt)
      : try ConversationReader.unmarked(prompt()) { record.error($0, remedy: $1) }
    func label(_ role: String) -> String? { column(role, among: columns).flatMap(record.label) }
    return SuitePrompt(
      asked, use: .open, category: label("category"), locale: label("locale"),
      cluster: label("cluster"),
      tempting: try column("tempting", among: columns).flatMap { try record.choice($0, of: "true", "false") } == "true")
  }

  /// - Parameter columns: of all records of a file.
  /// - Throws: `SluiceError` (usage) where a column that was named is in none of them.
  func check(_ columns: [String], at place: SourceLocation) throws {
    for role in Self.roles {
      guard let named = names[role], !columns.contains(named) else { continue }
      throw Self.missing(named, among: columns, at: place)
    }
  }

  /// What to say where the columns don't tell which of them is the prompt.
  static func noPrompt(_ record: DataRecord, asked: String?) -> SluiceError {
    let columns = record.fields.map(\.key)
    let list = columns.prefix(20).map(quoted).joined(separator: ", ")
    if asked == nil, let turns = columns.first(where: { ["conversation", "conversations", "dialog"].contains($0) }) {
      return SluiceError(
        .usage, "the record is a conversation of a shape that isn't known (\(quoted(turns)))", at: record.place,
        remedy: "Write its turns as 'messages' of OpenAI's shape, or the user's alone as 'turns'.")
    }
    guard let asked else {
      return SluiceError(
        .usage, "which column holds the prompts? There are \(list)", at: record.place,
        remedy:
          "Name it: suite.columns: {prompt: …, category: …} in the policy, --columns prompt=… on the command line; the first "
          + "row of a table has to name its columns.")
    }
    return missing(asked, among: columns, at: record.place)
  }

  private static func missing(_ name: String, among columns: [String], at place: SourceLocation) -> SluiceError {
    SluiceError(
      .usage, "there is no column \(quoted(name))", at: place,
      remedy: suggestion(for: name, among: Array(columns.prefix(20)), called: "There are"))
  }
}
