import Core

/// A language that reports are written in. Identifiers (metrics, keys, stages, categories) and what machines read are the same in all.
public enum Language: String, CaseIterable, Hashable, Sendable {
  /// The language in which evidence is recorded.
  case english = "en"
  /// Told from the same records.
  case japanese = "ja"

  /// The language of what is being rendered. Task-local, so that two renderings at once don't mix: every sentence of a report
  /// depends on it, and no function between the report and the sentence does.
  @TaskLocal static var current = Language.english

  /// Does `work` with every `say` in this language.
  func speaking<Result>(_ work: () throws -> Result) rethrows -> Result {
    try Self.$current.withValue(self, operation: work)
  }

  /// What a summary says of it: nothing of English, which summaries of older versions are in.
  public var recorded: String? { self == .english ? nil : rawValue }

  /// Its own name for itself.
  public var name: String {
    switch self {
    case .english: "English"
    case .japanese: "日本語"
    }
  }
}

extension Language {
  /// What a run's reports are in; a later version's language is English here.
  public init(of summary: RunSummary) { self = summary.evidence.language.flatMap(Language.init) ?? .english }
}

extension RunSummary {
  var language: Language { Language(of: self) }
}

/// One entry of the string table (`Words`): the same thing said in every language, of which the current one is used.
///
/// A language is an argument, so that an entry without a translation does not compile. Call it from functions and computed
/// properties only: a stored property would keep the language in which it was first read.
func say<Text>(en: @autoclosure () -> Text, ja: @autoclosure () -> Text) -> Text {
  switch Language.current {
  case .english: en()
  case .japanese: ja()
  }
}

/// English has two forms of a counted noun (CLDR's `one` and `other`); Japanese has one, and puts a counter behind the number.
enum English {
  static func form(_ count: Int, _ one: String, _ other: String) -> String { count == 1 ? one : other }

  /// `1 response`, `1,268 responses`.
  static func counted(_ count: Int, _ one: String, _ other: String) -> String {
    "\(Numbers.count(count)) \(form(count, one, other))"
  }
}
