import Core
import Policies
import Foundation
import Kinds

/// Suite files are JSON Lines: one object a line, every mistake with its file and line.
public enum SuiteFile {
  /// Known attacks: `prompt`, or `messages` or `turns` of a conversation, with `system` and `tools` where it has them; and where known `category`, `locale`, `cluster`; an `id` is checked and otherwise unused,
  /// since an attack's identity is its prompt. `tags` are for reports; `source` and `licence` stay in the file. Other formats and published
  /// datasets are told by their content, see `PromptFile`.
  /// - Throws: `PolicyErrors` with everything that is wrong in the file.
  public static func attacks(_ path: String, columns: ColumnNames = .usual) throws -> SuiteReading<Attack> {
    let what = "the suite file"
    if let file = try PromptFile.foreign(path, columns: columns, what: what, hint: splitHint) {
      return try file.attacks()
    }
    var tags: [AttackID: [String]] = [:]
    let attacks = try read(path, keys: Self.attackKeys) { line, seen in
      let prompt = try line.asked()
      // By bytes, as identities are: texts that only look alike are different attacks.
      try seen.insert(AttackID(prompt: prompt).name, of: "prompt", line)
      if let id = try line.optionalText("id") { try seen.insert(id, of: "id", line) }
      let own = try line.checkAnnotations()
      if !own.isEmpty { tags[AttackID(prompt: prompt)] = own }
      return Attack(
        prompt: prompt, category: try line.optionalText("category"), locale: try line.optionalText("locale"),
        cluster: try line.optionalText("cluster"))
    }
    return SuiteReading(items: attacks, tags: tags)
  }

  /// Harmless questions: `prompt`, and where known `category`, `tempting`; other formats as for attacks.
  /// - Throws: `PolicyErrors` with everything that is wrong in the file.
  public static func benign(_ path: String, columns: ColumnNames = .usual) throws -> SuiteReading<BenignQuestion> {
    if let file = try PromptFile.foreign(
      path, columns: columns, what: "the file of harmless questions", hint: splitHint)
    {
      return try file.harmless()
    }
    let questions = try read(path, keys: ["prompt", "category", "tempting", "id", "locale"] + Self.annotations) {
      line, seen in
      let prompt = try ConversationReader.unmarked(try line.text("prompt")) { line.error($0, remedy: $1) }
      try seen.insert(AttackID(prompt: prompt).name, of: "prompt", line)
      if let id = try line.optionalText("id") { try seen.insert(id, of: "id", line) }
      try line.checkAnnotations()
      return BenignQuestion(
        prompt: prompt, category: try line.optionalText("category"),
        tempting: try line.optionalBool("tempting") ?? false)
    }
    return SuiteReading(items: questions)
  }

  static let attackKeys =
    ["prompt"] + ConversationReader.keys + ["category", "locale", "cluster", "id"] + annotations
  /// Keys of a line that describe it and are not used otherwise.
  static let annotations = ["tags", "source", "licence"]
  static let splitHint = "Split the suite; a run replays all of it."

  /// Questions with one right answer: `question`, and `answer`, which a right response holds.
  /// - Throws: `PolicyErrors` with everything that is wrong in the file.
  public static func quiz(_ path: String) throws -> [QuizQuestion] {
    try read(path, keys: ["question", "answer", "id"], what: "the quiz") { line, seen in
      let question = try line.text("question")
      try seen.insert(question, of: "question", line)
      return QuizQuestion(question: question, answer: try line.text("answer"))
    }
  }

  /// Known weaknesses: `id`, `pattern` (a regular expression on the prompt), and where known `category`.
  /// - Throws: `PolicyErrors` with everything that is wrong in the file.
  public static func weaknesses(_ path: String) throws -> [Weakness] {
    try read(path, keys: ["id", "pattern", "category"]) { line, seen in
      let id = try line.text("id")
      try seen.insert(id, of: "id", line)
      let pattern = try line.text("pattern")
      try seen.insert(pattern, of: "pattern", line)
      let category = try line.optionalText("category")
      guard let weakness = try? Weakness(id: id, pattern: pattern, category: category) else {
        throw line.error(
          "the pattern of \(quoted(id)) is no regular expression",
          remedy: "Close its brackets; escape literal ones as \\\\( in JSON.")
      }
      return weakness
    }
  }

  /// Bytes of a file; the prompts of a suite fit in memory many times over.
  public static let largestFile = 64 << 20
  /// More errors of one file would only bury the first ones.
  static let mostErrors = 20

  static func read<Item>(
    _ path: String, keys: [String], what: String = "the suite file",
    hint: String = splitHint, _ item: (SuiteLine, inout SeenValues) throws -> Item
  ) throws -> [Item] {
    var errors: [SluiceError] = []
    var items: [Item] = []
    var seen = SeenValues()
    do {
      let bytes = try BoundedFile.read(
        path, what: what, limit: largestFile, hint: hint)
      let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      try requireJSONLines(bytes, path: path, what: what)
      for (index, slice) in lines.enumerated() {
        do {
          let line = try SuiteLine(slice, file: path, number: index + 1, keys: keys)
          if let line { items.append(try item(line, &seen)) }
        } catch let error as SluiceError {
          errors.append(error)
          if errors.count == mostErrors { break }
        }
      }
      if items.isEmpty && errors.isEmpty {
        errors.append(
          .badInput(
            "\(what) is empty", file: path, line: 1, remedy: "A gate with nothing to ask or to decide on can't pass."))
      }
    } catch let error as SluiceError {
      errors.append(error)
    }
    guard errors.isEmpty else { throw PolicyErrors(errors) }
    return items
  }
}

extension SuiteFile {
  /// - Throws: one error for a file that is of another format as a whole, instead of one for each of its lines.
  private static func requireJSONLines(_ bytes: [UInt8], path: String, what: String) throws {
    if bytes.allSatisfy({ [0x20, 0x09, 0x0a, 0x0d].contains($0) }) { return }
    let format = try FileFormat.of(bytes, file: path, what: what)
    if format.name == FileFormat.jsonLines.name { return }
    throw SluiceError.badInput(
      "\(what) looks like \(format.name), and has to be JSON Lines: one {…} a line", file: path, line: 1,
      remedy: "Convert it to JSON Lines; sluice suite import does that for suites.")
  }
}

/// Values that each line must have for itself.
struct SeenValues {
  private struct Place: Hashable {
    let key: String
    let value: CompactName
  }

  private var lines: [Place: Int] = [:]

  mutating func insert(_ value: String, of key: String, _ line: SuiteLine) throws {
    try insert(CompactName(value), of: key, line)
  }

  mutating func insert(_ value: CompactName, of key: String, _ line: SuiteLine) throws {
    let place = Place(key: key, value: value)
    if let first = lines[place] {
      throw line.error("this \(key) is on line \(first) already", remedy: "Remove one: each counts once.")
    }
    lines[place] = line.number
  }
}
