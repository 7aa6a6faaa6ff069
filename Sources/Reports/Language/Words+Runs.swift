import Core
import Decisions

/// Several runs: two compared, and many in a row.
extension Words {
  enum Comparison {
    static var notComparable: String { say(en: "Not comparable", ja: "比較できません") }
    static var open: String {
      say(
        en: "No difference in all attacks together is shown, and none is ruled out",
        ja: "攻撃全体での差は示されず、差がないとも言えません")
    }
    static func worse(by points: String) -> String {
      say(
        en: "More attacks succeed in the second run, by \(points) percentage points",
        ja: "2つ目の実行の方が攻撃成功率が\(points)ポイント高くなっています")
    }
    static func better(by points: String) -> String {
      say(
        en: "Fewer attacks succeed in the second run, by \(points) percentage points",
        ja: "2つ目の実行の方が攻撃成功率が\(points)ポイント低くなっています")
    }
    static func maybe(better: String, worse: String) -> String {
      say(
        en:
          "The second run may be better by up to \(better) or worse by up to \(worse): more attacks of other kinds (clusters) "
          + "would tell.",
        ja: "2つ目の実行は最大\(better)改善、または最大\(worse)悪化している可能性があります。別の種類（クラスター）の攻撃を増やせば判別できます。")
    }
    static func worse(in names: [String]) -> String { say(en: "Worse in \(list(names)).", ja: "悪化：\(list(names))。") }
    static func better(in names: [String]) -> String { say(en: "Better in \(list(names)).", ja: "改善：\(list(names))。") }
    static func points(_ number: String) -> String { say(en: "\(number) percentage points", ja: "\(number)ポイント") }
    static var anyAmount: String { say(en: "any amount", ja: "任意の幅で") }
    static var noneMoreOften: String {
      say(en: "No attack succeeds more often in the second run.", ja: "2つ目の実行で成功しやすくなった攻撃はありません。")
    }
    static var noneLessOften: String {
      say(en: "No attack succeeds less often in the second run.", ja: "2つ目の実行で成功しにくくなった攻撃はありません。")
    }
    static func broken(shown: Int, of moved: Int) -> String {
      say(
        en:
          "\(moving(shown)) newly broken; \(Numbers.count(moved)) succeed more often in the second run\(chance(shown, moved)).",
        ja:
          "新たに突破されたと示された攻撃は\(Numbers.count(shown))件、2つ目の実行で成功しやすくなった攻撃は\(Numbers.count(moved))件です\(chance(shown, moved))。"
      )
    }
    static func mended(shown: Int, of moved: Int) -> String {
      say(
        en:
          "\(moving(shown)) mended; \(Numbers.count(moved)) succeed less often in the second run\(chance(shown, moved)).",
        ja:
          "防げるようになったと示された攻撃は\(Numbers.count(shown))件、2つ目の実行で成功しにくくなった攻撃は\(Numbers.count(moved))件です\(chance(shown, moved))。"
      )
    }
    private static func moving(_ shown: Int) -> String {
      "\(Numbers.count(shown)) \(English.form(shown, "attack is", "attacks are")) shown to be"
    }
    private static func chance(_ shown: Int, _ moved: Int) -> String {
      if shown == moved { return "" }
      return say(
        en: ", which \(shown == 0 ? "" : "for the others ")may be chance",
        ja: shown == 0 ? "（偶然の可能性があります）" : "（残りは偶然の可能性があります）")
    }
    static func together(_ confidence: String) -> String {
      say(
        en: "All differences' intervals together hold with \(confidence) confidence, over clusters of attacks.",
        ja: "すべての差の区間が同時に成り立つ信頼水準は\(confidence)です（攻撃のクラスター単位）。")
    }
    static var shown: String { say(en: "shown", ja: "有意") }
    static var maybe: String { say(en: "maybe", ja: "不明") }
    static var first: String { say(en: "first", ja: "1つ目") }
    static var second: String { say(en: "second", ja: "2つ目") }
    static func side(_ name: String, _ side: RunComparison.Side, time: String) -> String {
      let verdict = Words.verdict(side.verdict)
      return say(
        en: "\(name): run \(side.run) of \(side.policy), \(side.candidate), \(time) UTC, \(verdict)"
          + (side.isObserved ? " (observed only)" : ""),
        ja: "\(name)：\(side.policy)の実行 \(side.run)、\(side.candidate)、\(time) UTC、\(verdict)"
          + (side.isObserved ? "（観察のみ）" : ""))
    }
    static var header: [String] {
      say(
        en: ["attacks", "", "first", "second", "difference", "interval", ""],
        ja: ["攻撃", "", "1つ目", "2つ目", "差", "信頼区間", ""])
    }
    static func rewritten(by transform: String) -> String {
      say(en: "rewritten by \(transform)", ja: "\(transform)による書き換え")
    }
    static func reading(_ reading: RunComparison.Reading) -> String {
      switch reading {
      case .worse: say(en: "worse", ja: "悪化")
      case .better: say(en: "better", ja: "改善")
      case .open: say(en: "not shown", ja: "有意差なし")
      }
    }
    static func moved(_ moved: RunComparison.Moved, in place: String) -> String {
      let p = Numbers.probability(moved.adjustedP)
      return say(
        en:
          "\(moved.id) (\(place)): unsafe \(moved.firstUnsafe) of \(moved.firstScored), then \(moved.secondUnsafe) of "
          + "\(moved.secondScored), corrected p \(p)",
        ja: "\(moved.id)（\(place)）：有害な応答 \(moved.firstUnsafe)/\(moved.firstScored) → \(moved.secondUnsafe)/"
          + "\(moved.secondScored)、補正後のp値 \(p)")
    }
  }

  enum History {
    static var empty: String { say(en: "no run has ended yet", ja: "完了した実行はまだありません") }
    static var header: [String] {
      say(
        en: ["ended (UTC)", "run", "policy", "candidate", "verdict", "checks that did not pass"],
        ja: ["終了（UTC）", "実行", "ポリシー", "候補モデル", "判定", "合格しなかったチェック"])
    }
    static func suiteChange(_ suite: String) -> String {
      say(
        en: "-- from here on \(suite): its numbers and those above are not one trend",
        ja: "-- ここから\(suite)：上の数値とはひと続きの推移ではありません")
    }
    static func suite(_ digest: String) -> String { say(en: "suite \(digest)", ja: "スイート \(digest)") }
    static var noSuite: String { say(en: "no suite", ja: "スイートなし") }
    static var unrecorded: String { say(en: "a suite that was not recorded", ja: "記録のないスイート") }
    static func title(_ count: Int) -> String { say(en: "History of \(count) runs", ja: "実行\(count)件の履歴") }
    static func lead(_ comparability: Markup) -> Markup {
      say(
        en: """
          Oldest on the left. The dot is the number measured, the bar the range that the evidence leaves \
          possible, the shaded zone what the policy of the newest run allows.\(comparability)
          """,
        ja: """
          左が古い実行です。点は測定値、棒は証拠が許す範囲、網掛けは最新の実行のポリシーの許容範囲です。\(comparability)
          """)
    }
    static var comparability: Markup {
      say(
        en: " A line joins runs on one suite, by the digest of its file; where the suite changed, another begins.",
        ja: "線は同じスイート（ファイルのダイジェストで識別）の実行を結びます。スイートが変わると別の線になります。")
    }
    static var trends: String { say(en: "Checks from run to run", ja: "チェックの推移") }
    static var runs: String { say(en: "Runs", ja: "実行") }
    static var never: String { say(en: ": never measured.", ja: "：測定なし") }
    static func newest(_ value: String, _ interval: String, _ limit: String) -> String {
      say(en: ", newest: \(value) \(interval), \(limit)", ja: "、最新：\(value) \(interval)、\(limit)")
    }
    static func trend(_ title: String) -> String { say(en: "\(title) from run to run", ja: "\(title)の推移") }
    static func limit(_ description: String, _ limit: String) -> String {
      say(en: "\(description) Limit: \(limit).", ja: "\(description)制限：\(limit)。")
    }
    static var neverMeasured: String { say(en: "never measured", ja: "測定なし") }
    static func measured(_ values: String) -> String {
      say(en: "Measured, oldest first: \(values).", ja: "測定値（古い順）：\(values)。")
    }
    static func measured(on suite: String, _ values: String) -> String {
      say(en: "On \(suite), oldest first: \(values).", ja: "\(suite)（古い順）：\(values)。")
    }
    static func runs(_ count: Int) -> String {
      say(en: English.counted(count, "run", "runs"), ja: "実行\(Numbers.count(count))件")
    }
  }
}
