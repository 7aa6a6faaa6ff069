import Core

/// The string table of reports: everything they say in words, in every language side by side.
///
/// The entries are grouped by the part of a report that they belong to, a file each. Sentences that the gate
/// writes down during a run are in `Recorded`.
enum Words {
  // MARK: - Punctuation

  /// Between a label and what it labels.
  static var colon: String { say(en: ": ", ja: "：") }
  static var comma: String { say(en: ", ", ja: "、") }
  static var semicolon: String { say(en: "; ", ja: "；") }
  /// The same at the end of a line, or before a gap.
  static var mark: String { say(en: ":", ja: "：") }
  /// Between two statements of a text alternative.
  static var stop: String { say(en: ". ", ja: "。") }
  /// Between two sentences.
  static var gap: String { say(en: " ", ja: "") }

  static func labelled(_ label: String, _ text: String) -> String { label + colon + text }

  static func sentence(_ text: String) -> String { say(en: "\(text).", ja: "\(text)。") }

  /// With its first letter in upper case, where the script has one.
  static func capitalised(_ phrase: String) -> String { phrase.prefix(1).uppercased() + phrase.dropFirst() }

  /// Behind what they are about.
  static func brackets(_ text: String) -> String { say(en: " (\(text))", ja: "（\(text)）") }

  static func list(_ items: some Sequence<String>) -> String { items.joined(separator: comma) }

  // MARK: - Numbers

  /// Percentage points; never parted from their number at a line's end.
  static var points: String { say(en: "\u{A0}pp", ja: "ポイント") }

  /// The same beside a chart, where there is little room.
  static var shortPoints: String { say(en: "\u{A0}pp", ja: "pt") }

  /// A limit of a count.
  static func things(_ count: String) -> String { say(en: count, ja: "\(count)件") }

  static func between(_ low: String, _ high: String) -> String {
    say(en: "between \(low) and \(high)", ja: "\(low)以上\(high)以下")
  }
  static func atLeast(_ low: String) -> String { say(en: "at least \(low)", ja: "\(low)以上") }
  static func atMost(_ high: String) -> String { say(en: "at most \(high)", ja: "\(high)以下") }
  static var noLimit: String { say(en: "no limit", ja: "制限なし") }

  static func seconds(_ seconds: String) -> String { say(en: "\(seconds) s", ja: "\(seconds)秒") }
  static func milliseconds(_ count: String) -> String { say(en: "\(count) ms", ja: "\(count)ミリ秒") }
  static func minutes(_ minutes: Int, seconds: Int) -> String {
    say(en: "\(minutes) min \(seconds) s", ja: "\(minutes)分\(seconds)秒")
  }
  static func hours(_ hours: Int, minutes: Int) -> String {
    say(en: "\(Numbers.count(hours)) h \(minutes) min", ja: "\(Numbers.count(hours))時間\(minutes)分")
  }

  static func responses(_ count: Int) -> String {
    say(en: English.counted(count, "response", "responses"), ja: "応答\(Numbers.count(count))件")
  }
  static func attacks(_ count: Int) -> String {
    say(en: "\(Numbers.count(count)) attacks", ja: "攻撃\(Numbers.count(count))件")
  }
  static func counted(_ count: Int, _ category: String) -> String {
    say(en: "\(Numbers.count(count)) \(category)", ja: "\(category) \(Numbers.count(count))件")
  }
  static func outOf(_ part: Int, _ whole: Int) -> String {
    say(en: "\(part) of \(whole)", ja: "\(part)/\(whole)")
  }
  static func weight(_ text: String) -> String { say(en: "weight \(text)", ja: "重み\(text)") }

  // MARK: - Nothing, and more than is shown

  static var notMeasured: String { say(en: "not measured", ja: "未測定") }
  static var noCategory: String { say(en: "no category", ja: "カテゴリーなし") }
  static var none: String { say(en: "none", ja: "なし") }
  static var cut: String { say(en: "… (cut)", ja: "…（省略）") }

  static func more(_ count: Int) -> String {
    say(en: "… and \(count) more", ja: "…ほか\(count)件")
  }
  static func moreRows(_ count: Int) -> String {
    say(en: "… and \(count) more rows, in the JSON report", ja: "…ほか\(count)行（JSONレポートに記載）")
  }
  static func moreInJSON(_ count: Int) -> String {
    say(
      en: "… and \(Numbers.count(count)) more, in the JSON report.",
      ja: "…ほか\(Numbers.count(count))件（JSONレポートに記載）")
  }

  // MARK: - Models

  static var theCandidate: String { say(en: "the candidate", ja: "候補モデル") }

  /// A model's part in a run, as tables have it; transfer targets and variants keep the policy's name for them.
  static func role(_ role: String) -> String {
    switch Role(role) {
    case .candidate?: say(en: role, ja: "候補モデル")
    case .baseline?: say(en: role, ja: "基準モデル")
    case .control?: say(en: role, ja: "対照モデル")
    case .transfer(let name)?: say(en: role, ja: "転移先 \(name)")
    case .variant(let name)?: say(en: role, ja: "調整版 \(name)")
    case .rewriter(let name)?: say(en: role, ja: "書き換え \(name)")
    case .driver?: say(en: role, ja: "会話の進行役")
    case nil: role
    }
  }
}
