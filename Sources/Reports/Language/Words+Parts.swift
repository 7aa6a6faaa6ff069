import Core

/// The page: releases in a row, clusters, and where variants are.
extension Words.Page {
  static var interval: String { say(en: "Interval", ja: "区間") }
  static var shareOfTime: String { say(en: "Share of it", ja: "所要時間の割合") }

  static func turns(_ count: Int) -> String {
    say(en: English.counted(count, "turn", "turns"), ja: "\(Numbers.count(count))ターン")
  }

  // MARK: - Releases

  static var trend: String { say(en: "From release to release", ja: "リリースごとの推移") }
  static func trendLead(_ runs: Int) -> Markup {
    say(
      en: """
        \(English.counted(runs, "earlier run", "earlier runs")) of this policy in the same ledger, on the same suite and by the same \
        judge, oldest on the left. The dot is the number measured, the bar the range that the evidence leaves possible, the \
        shaded zone what the policy allows now.
        """,
      ja: """
        同じ台帳にある、このポリシー・スイート・判定器による過去の実行\(Numbers.count(runs))件です。左が古い実行です。\
        点は測定値、棒は証拠が許す範囲、網掛けは現在のポリシーの許容範囲です。
        """)
  }
  static var releases: String { say(en: "Releases", ja: "リリース") }
  static var endedUTC: String { say(en: "Ended (UTC)", ja: "終了（UTC）") }
  static var ended: String { say(en: "Ended", ja: "終了") }
  static var runVerdict: String { say(en: "Verdict", ja: "判定") }
  static var violatedOrUndecided: String {
    say(en: "Checks violated or undecided", ja: "不合格または判定保留のチェック")
  }
  static var open: String { say(en: "Violated or undecided", ja: "不合格・判定保留") }
  static var thisRun: String { say(en: "this run", ja: "この実行") }
  static func andMore(_ count: Int) -> String {
    say(en: " and \(Numbers.count(count)) more", ja: "ほか\(Numbers.count(count))件")
  }
  static func tooltip(_ date: String, _ candidate: String, _ run: String, _ measured: String) -> String {
    say(
      en: "\(date), \(candidate), run \(run): \(measured)", ja: "\(date)、\(candidate)、実行 \(run)：\(measured)")
  }

  // MARK: - Clusters

  static var clustersTitle: String {
    say(en: "Known attacks that succeed, by cluster", ja: "既知の攻撃の成功率（クラスター別）")
  }
  static func clustersLead(hasBaseline: Bool) -> Markup {
    let order: Markup =
      hasBaseline
      ? say(en: "Those that got worse most come first.", ja: "悪化の大きい順に並べています。")
      : say(en: "Those that succeed most often come first.", ja: "成功率の高い順に並べています。")
    return say(
      en: """
        Attacks of one cluster are alike, and count together where a check says how sure it is. Here are those \
        with several attacks of which at least one succeeded. \(order) \
        The attack named is the one to look at: <code>sluice reveal</code> shows its text.
        """,
      ja: """
        同じクラスターの攻撃は互いに似ており、チェックの確からしさを求めるときはまとめて数えます。\
        複数の攻撃を含み、そのうち1件以上が成功したクラスターを示します。\(order)\
        最初に見るべき攻撃を識別子で示します。本文は<code>sluice reveal</code>で表示できます。
        """)
  }
  static func moreClusters(_ count: Int) -> String {
    say(en: English.counted(count, "more cluster", "more clusters"), ja: "ほか\(Numbers.count(count))クラスター")
  }
  static var clusters: String { say(en: "Clusters", ja: "クラスター") }
  static var cluster: String { say(en: "Cluster", ja: "クラスター") }
  static var attacks: String { say(en: "Attacks", ja: "攻撃") }
  static var lookAt: String { say(en: "Look at", ja: "確認する攻撃") }

  // MARK: - Variants

  static var variantPaths: String { say(en: "Where the variants are", ja: "調整版の所在") }
  static var variant: String { say(en: "Variant", ja: "調整版") }
  static var variants: String { say(en: "Variants", ja: "調整版") }
  static var pathOrName: String { say(en: "Path or name", ja: "パスまたは名前") }
}

/// The page of a comparison.
extension Words.Comparison {
  static var theRuns: String { say(en: "The runs", ja: "実行") }
  static var firstTitle: String { say(en: "First", ja: "1つ目") }
  static var secondTitle: String { say(en: "Second", ja: "2つ目") }
  static var difference: String { say(en: "Difference", ja: "差") }
  static func title(_ word: String, _ second: String, after first: String) -> String {
    say(en: "\(word): \(second) after \(first)", ja: "\(word)：\(first)から\(second)へ")
  }
  static func then(_ first: String, _ second: String) -> String {
    say(en: "\(first), then \(second)", ja: "\(first) → \(second)")
  }
  static var worse: String { say(en: "Worse", ja: "悪化") }
  static var better: String { say(en: "Better", ja: "改善") }
  static var notShown: String { say(en: "Not shown", ja: "有意差なし") }
  static var succeed: String { say(en: "Attacks that succeed", ja: "成功した攻撃") }
  static func differencesLead(_ confidence: String) -> Markup {
    say(
      en: """
        Each dot is the second run's success rate less the first's, attack by attack; the bar is the range that the \
        evidence leaves possible. A bar on the right of 0 shows that more attacks succeed, one on the left that fewer do; one that \
        crosses 0 shows neither, and says how large a difference may still be. All bars together hold with \
        \(confidence) confidence, over clusters of attacks.
        """,
      ja: """
        点は攻撃ごとに対応づけた成功率の差（2つ目−1つ目）、横棒は証拠が許す範囲です。\
        横棒が0の右側にあれば成功する攻撃が増え、左側にあれば減ったことが示されます。0をまたぐ場合はどちらも示されず、\
        残りうる差の大きさを表します。すべての横棒が同時に成り立つ信頼水準は\(confidence)です（攻撃のクラスター単位）。
        """)
  }
  static func difference(in title: String) -> String {
    say(en: "Difference in \(title)", ja: "\(title)での差")
  }
  static func description(_ first: String, _ second: String, _ value: String, _ range: String, _ reading: String)
    -> String
  {
    say(
      en: "First \(first), second \(second); difference \(value), \(range): \(reading).",
      ja: "1つ目 \(first)、2つ目 \(second)；差 \(value)、\(range)：\(reading)。")
  }
  static func ended(_ side: String, _ policy: String, _ time: String, _ verdict: String, isObserved: Bool) -> Markup {
    say(
      en: "run <code>\(side)</code> of \(policy), ended \(time) UTC, \(verdict)\(isObserved ? " (observed only)" : "")",
      ja: "\(policy)の実行 <code>\(side)</code>、終了 \(time) UTC、\(verdict)\(isObserved ? "（観察のみ）" : "")")
  }

  // MARK: - Attacks that moved

  static var movedTitle: String { say(en: "Attacks that moved", ja: "変化した攻撃") }
  static var movedLead: Markup {
    say(
      en: """
        Shown are those that a test tells from chance after the correction for all attacks; of the others nobody \
        knows. Attacks of one cluster are alike: the clearest of each is named, the rest folded. Texts are not shown; \
        <code>sluice reveal</code> shows one.
        """,
      ja: """
        「有意」は、すべての攻撃について多重性を補正した検定で偶然と区別できた攻撃です。それ以外は分かりません。\
        同じクラスターの攻撃は互いに似ているため、最も明確な1件を示し、残りは折りたたんでいます。\
        本文は表示しません。<code>sluice reveal</code>で表示できます。
        """)
  }
  static var moreOften: String { say(en: "More often in the second run", ja: "2つ目の実行で成功しやすくなった攻撃") }
  static var lessOften: String { say(en: "Less often in the second run", ja: "2つ目の実行で成功しにくくなった攻撃") }
  static var noMore: String { say(en: "No attack succeeds more often.", ja: "成功しやすくなった攻撃はありません。") }
  static var noLess: String { say(en: "No attack succeeds less often.", ja: "成功しにくくなった攻撃はありません。") }
  static func count(_ moved: Int, shown: Int) -> String {
    say(
      en: "\(English.counted(moved, "attack", "attacks")), \(Numbers.count(shown)) of them shown.",
      ja: "\(Numbers.count(moved))件、うち有意\(Numbers.count(shown))件。")
  }
  static func attacks(_ count: Int) -> String {
    say(en: English.counted(count, "attack", "attacks"), ja: "攻撃\(Numbers.count(count))件")
  }
  static var firstUnsafe: String { say(en: "First unsafe", ja: "1つ目の有害応答") }
  static var secondUnsafe: String { say(en: "Second unsafe", ja: "2つ目の有害応答") }
  static var readingTitle: String { say(en: "Reading", ja: "解釈") }
  static func pair(_ first: String, _ second: String) -> String {
    say(en: "\(first), then \(second)", ja: "\(first) → \(second)")
  }
  static var alsoShown: String { say(en: ", shown", ja: "、有意") }
  static var byChance: String { say(en: "may be chance", ja: "偶然の可能性") }
}
