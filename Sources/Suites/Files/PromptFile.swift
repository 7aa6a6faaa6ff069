import Core
import Kinds
import Policies

/// Prompts as other tools and published suites keep them: any `FileFormat`, any `Dataset` or a table with named columns.
public struct PromptFile: Sendable {
  /// The file, as it was given.
  public let path: String
  /// How its records are written.
  public let format: FileFormat
  /// Nil for named columns.
  public let dataset: Dataset?
  /// In the order of the file, each prompt once.
  public private(set) var prompts: [SuitePrompt] = []
  /// How many records gave no prompt, by reason, in the order in which they came.
  public private(set) var leftOut: [(reason: String, records: Int)] = []
  /// Columns that were not read, where the columns were named or have the roles' own names.
  public let unread: [String]
  /// What a reader has to know of how the dataset was read; nil where that goes without saying.
  public let remark: String?

  /// - Parameters:
  ///   - columns: which column is what; with the usual names, published datasets are told by theirs.
  ///   - named: the dataset to read the file as; nil to tell.
  ///   - what: how messages call the file.
  ///   - hint: what to do where it is too large.
  /// - Throws: `PolicyErrors` with everything that is wrong in the file.
  public init(
    _ path: String, columns: ColumnNames = .usual, as named: Dataset? = nil, what: String = "the file of prompts",
    hint: String = "Split it."
  ) throws {
    do {
      let bytes = try BoundedFile.read(path, what: what, limit: SuiteFile.largestFile, hint: hint)
      let format = try FileFormat.of(bytes, file: path, what: what)
      try self.init(
        path, format: format, records: format.records(bytes, file: path), columns: columns, as: named, what: what)
    } catch let error as SluiceError {
      throw PolicyErrors([error])
    }
  }

  /// - Returns: nil for Sluice's own JSON Lines, which are read more strictly.
  /// - Throws: `PolicyErrors` with everything that is wrong in the file.
  static func foreign(_ path: String, columns: ColumnNames, what: String, hint: String) throws -> PromptFile? {
    do {
      let bytes = try BoundedFile.read(path, what: what, limit: SuiteFile.largestFile, hint: hint)
      let format = try FileFormat.of(bytes, file: path, what: what)
      if format.name == FileFormat.jsonLines.name, columns == .usual {
        let lines = bytes.split(separator: UInt8(ascii: "\n")).lazy
        let first = lines.lazy.compactMap { try? SuiteLine.object($0, file: path, number: 1, example: "prompt") }.first
        let record = first.map { DataRecord($0, at: SourceLocation(file: path)) }
        if record.flatMap({ Dataset.recognised(in: [$0]) }) == nil { return nil }
      }
      return try PromptFile(
        path, format: format, records: format.records(bytes, file: path), columns: columns, as: nil, what: what)
    } catch let error as SluiceError {
      throw PolicyErrors([error])
    }
  }

  private init(
    _ path: String, format: FileFormat, records: [DataRecord], columns: ColumnNames, as named: Dataset?, what: String
  ) throws {
    guard !records.isEmpty else {
      throw SluiceError.badInput(
        "\(what) is empty", file: path, line: 1, remedy: "A gate with nothing to ask or to decide on can't pass.")
    }
    self.path = path
    self.format = format
    let dataset = columns == .usual ? named ?? Dataset.recognised(in: records) : nil
    self.dataset = dataset
    let records = dataset?.gathered(records) ?? records
    remark = dataset?.remark(records)
    let present = Self.columns(of: records)
    try columns.check(present, at: records[0].place)
    unread = dataset == nil ? present.filter { !columns.reads($0, among: present) } : []
    var errors: [SluiceError] = []
    var seen: Set<AttackID> = []
    for record in records {
      do {
        switch try dataset?.reading(record) ?? .prompt(columns.prompt(record)) {
        case .leftOut(let reason): leaveOut(reason)
        case .prompt(let prompt):
          if let dataset, !dataset.makesConversations {
            _ = try ConversationReader.unmarked(prompt.prompt) { record.error($0, remedy: $1) }
          }
          if seen.insert(AttackID(prompt: prompt.prompt)).inserted {
            prompts.append(prompt)
          } else {
            leaveOut("they repeat earlier prompts")
          }
        }
      } catch let error as SluiceError {
        errors.append(error)
        if errors.count == SuiteFile.mostErrors { break }
      }
    }
    if !errors.isEmpty { throw PolicyErrors(errors) }
  }

  /// In the order in which they come first.
  private static func columns(of records: [DataRecord]) -> [String] {
    var seen: Set<String> = []
    return records.flatMap { $0.fields.lazy.map(\.key).filter { seen.insert($0).inserted } }
  }

  private mutating func leaveOut(_ reason: String, records: Int = 1) {
    if let index = leftOut.firstIndex(where: { $0.reason == reason }) {
      leftOut[index].records += records
    } else {
      leftOut.append((reason, records))
    }
  }

  // MARK: - Uses

  /// The prompts that should be refused, and those whose use the file leaves open.
  /// - Throws: `PolicyErrors` where there is none.
  public func attacks() throws -> SuiteReading<Attack> {
    try reading(of: ("attack", "attacks"), leavingOut: .harmless, "they are harmless, and belong under suite.benign") {
      Attack(prompt: $0.prompt, category: $0.category, locale: $0.locale, cluster: $0.cluster)
    }
  }

  /// The prompts that should be answered, and those whose use the file leaves open.
  /// - Throws: `PolicyErrors` where there is none.
  public func harmless() throws -> SuiteReading<BenignQuestion> {
    if let problem = conversationsAsHarmless { throw PolicyErrors([problem]) }
    return try reading(
      of: ("harmless question", "harmless questions"), leavingOut: .attack,
      "they are attacks, and belong under suite.seeds"
    ) {
      BenignQuestion(prompt: $0.prompt, category: $0.category, tempting: $0.tempting)
    }
  }

  /// Why the prompts can't be harmless questions, which are asked one by one; nil where they can.
  public var conversationsAsHarmless: SluiceError? {
    let count = prompts.count { $0.use != .attack && Conversation.isMarked($0.prompt) }
    guard count > 0 else { return nil }
    return .badInput(
      "the file has \(counted(count, "conversation")), and harmless questions are single prompts", file: path,
      remedy: "Keep conversations under suite.seeds, and questions of one turn here.")
  }

  private func reading<Item>(
    of what: (one: String, many: String), leavingOut use: SuitePrompt.Use, _ reason: String,
    _ item: (SuitePrompt) -> Item
  ) throws -> SuiteReading<Item> {
    let wanted = prompts.filter { $0.use != use }
    var file = self
    if wanted.count < prompts.count { file.leaveOut(reason, records: prompts.count - wanted.count) }
    guard !wanted.isEmpty else {
      throw PolicyErrors([
        .badInput(
          "no \(what.many) are in the file: \(file.leftOutText)", file: path, line: 1,
          remedy: "Name another file, or put this one under the key that fits it.")
      ])
    }
    return SuiteReading(
      items: wanted.map(item),
      remark: "\(path) was read as \(title): \(counted(wanted.count, what.one, what.many))" + file.remainder,
      tags: Dictionary(wanted.filter { !$0.tags.isEmpty }.map { (AttackID(prompt: $0.prompt), $0.tags) }) { a, _ in a })
  }

  /// What the file was taken for: "HarmBench (csv)", "csv with named columns".
  public var title: String { dataset.map { "\($0.title) (\(format.name))" } ?? "\(format.name) with named columns" }

  /// "3 left out, because they are harmless"; empty where none was.
  public var leftOutText: String {
    leftOut.map { "\($0.records) left out, because \($0.reason)" }.joined(separator: "; ")
  }

  private var remainder: String {
    [leftOutText, unreadText, remark].compactMap(\.self).filter { !$0.isEmpty }.map { "; \($0)" }.joined()
  }

  /// "columns not read: 'author', 'year'"; nil where all were.
  public var unreadText: String? {
    if unread.isEmpty { return nil }
    let shown = unread.prefix(10).map(quoted).joined(separator: ", ")
    return "columns not read: \(shown)" + (unread.count > 10 ? " and \(unread.count - 10) more" : "")
  }
}

extension PromptFile {
  /// The lines that Sluice's own suite files have.
  /// - Parameters:
  ///   - use: the prompts to write, beside those whose use the file leaves open.
  ///   - licence: of all of them, beside the dataset's own.
  ///   - tags: as `licence`.
  public func lines(of use: SuitePrompt.Use, licence: String?, tags: [String]) -> [String] {
    prompts.filter { $0.use == use || $0.use == .open }.map { prompt in
      var members = Conversation.members(of: prompt.prompt)
      func add(_ key: String, _ value: String?) { if let value { members.append(.init(key, .string(value))) } }
      add("category", prompt.category)
      add("locale", prompt.locale)
      if use == .attack { add("cluster", prompt.cluster) }
      if use == .harmless, prompt.tempting { members.append(.init("tempting", .bool(true))) }
      let all = prompt.tags + tags
      if !all.isEmpty { members.append(.init("tags", .strings(all))) }
      add("source", dataset?.title)
      add("licence", licence ?? dataset?.licence)
      return JSON.object(members).serialized()
    }
  }
}
