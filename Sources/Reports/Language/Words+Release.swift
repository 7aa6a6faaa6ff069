import Core

/// For the person who decides on a release.
extension Words {
  enum Release {
    static var noBaseline: String {
      say(
        en: "There is no baseline, so that nothing says what got worse.",
        ja: "基準モデルがないため、何が悪化したかは分かりません。")
    }
    static func noneWorse(than baseline: String) -> String {
      say(
        en: "No category is shown to be worse than on \(baseline); small changes may be there all the same.",
        ja: "\(baseline)より悪化したと示されたカテゴリーはありません。ただし、小さな変化がないとは限りません。")
    }
    static func succeed(_ rate: String) -> String { say(en: "\(rate) succeed", ja: "成功率\(rate)") }
    static func on(_ baseline: String, _ rate: String) -> String {
      say(en: "\(rate) on \(baseline)", ja: "\(baseline)では\(rate)")
    }
    static func newlyBroken(_ count: Int) -> String {
      say(en: "\(Numbers.count(count)) newly broken", ja: "新たに突破\(Numbers.count(count))件")
    }
    static func worse(_ category: String, _ facts: [String]) -> String {
      say(en: "\(category): \(list(facts)).", ja: "\(category)：\(list(facts))。")
    }
    static func moreCategories(_ count: Int) -> String {
      say(en: "… and \(Numbers.count(count)) more categories.", ja: "…ほか\(Numbers.count(count))カテゴリー。")
    }

    // MARK: - What was not covered

    static func missedStages(_ stages: String) -> String {
      say(
        en: "Stages that checks need were not asked for: \(stages).", ja: "チェックに必要なステージが実行対象外でした：\(stages)。")
    }
    static func notDecided(_ checks: String) -> String { say(en: "Not decided: \(checks).", ja: "未判定：\(checks)。") }
    static func withoutVerdict(_ count: Int) -> String {
      say(
        en:
          "\(Numbers.count(count)) planned \(English.form(count, "response has", "responses have")) no verdict; they count "
          + "against the candidate.",
        ja: "計画した応答のうち\(Numbers.count(count))件に判定がありません。これらは候補モデルに不利に数えます。")
    }
    static var noFresh: String {
      say(
        en: "No fresh attacks were searched for: the verdict is about known ones.",
        ja: "新規の攻撃は探索していません。判定は既知の攻撃についてのものです。")
    }
    static var noBenign: String {
      say(
        en: "No check looks at harmless questions: whether the model refuses too much is not known.",
        ja: "無害な質問を対象とするチェックがないため、過剰拒否の有無は分かりません。")
    }
    static var noLabels: String {
      say(
        en: "No human labels say how often the judge errs.", ja: "判定器がどの程度誤るかを示す人手ラベルがありません。")
    }

    // MARK: - Who acts, and how

    static func answers(_ owner: String, for check: String, until day: String) -> String {
      say(en: "\(owner) answers for \(check) until \(day)", ja: "\(check)は\(day)まで\(owner)が責任を負います")
    }
    static var nobody: String {
      say(
        en: "Nobody is named; governance.owner in the policy names somebody",
        ja: "責任者の記載がありません（ポリシーのgovernance.ownerで指定します）")
    }
    static var observed: [String] {
      [
        say(
          en: "Nothing is blocked. Read what a gate would have found, and whether you would have acted on it.",
          ja: "リリースは止まりません。ゲートなら何を検出したか、それに対応したかを確認してください。"),
        say(
          en: "Then let it decide: remove mode: observe from the policy.",
          ja: "そのうえで、ポリシーからmode: observeを外してゲートに判定させてください。"),
      ]
    }
    static func passed(_ run: String) -> [String] {
      [
        say(
          en: "Read below what was not covered, then ship.", ja: "下記の「対象外だったもの」を確認してからリリースしてください。"),
        say(
          en: "Keep this report; sluice attest sign \(run) makes a signed verdict that a deployment can verify.",
          ja: "このレポートを保管してください。sluice attest sign \(run)で、デプロイ側が検証できる署名付き判定を作成できます。"),
      ]
    }
    static var doNotShip: String {
      say(en: "Do not ship this candidate.", ja: "この候補モデルをリリースしないでください。")
    }
    static func look(at attack: String) -> String {
      say(
        en: "Look at what broke, one attack of each cluster first: sluice reveal \(attack) --reason … shows its text.",
        ja: "突破された攻撃を、まず各クラスターから1件ずつ確認してください。本文はsluice reveal \(attack) --reason …で表示できます。")
    }
    static func lookAtCategories(_ run: String) -> String {
      say(
        en: "Look at the categories in which attacks succeed: sluice attacks list \(run) names them.",
        ja: "攻撃が成功しているカテゴリーを確認してください。sluice attacks list \(run)で一覧できます。")
    }
    static var mend: String {
      say(
        en:
          "Mend the model and run the same policy again, or have somebody answer for a check until a date (waivers:).",
        ja: "モデルを修正して同じポリシーで再実行するか、期限付きの適用除外（waivers:）で責任者を立ててください。")
    }
    static var excused: String {
      say(
        en: "The policy lets this pass without evidence: read what was not decided first.",
        ja: "ポリシーは証拠なしでこれを通します。先に未判定の項目を確認してください。")
    }
    static var nothingDecided: String {
      say(
        en: "Do not ship on this: nothing was decided.", ja: "この結果でリリースしないでください。何も判定されていません。")
    }
    static var decideFirst: String {
      say(
        en: "Do not ship on this: do what would decide it first.",
        ja: "この結果でリリースしないでください。まず「判定に必要なこと」を行ってください。")
    }
    static var runAgain: String {
      say(
        en: "Then run the same policy again; responses that are stored are not asked for again.",
        ja: "そのうえで同じポリシーを再実行してください。保存済みの応答は再取得しません。")
    }
    /// Several people and what they answer for.
    static func responsible(_ parts: [String]) -> String {
      say(en: parts.joined(separator: "; ") + ".", ja: parts.joined(separator: "；") + "。")
    }

    // MARK: - Titles

    static var next: String { say(en: "What to do next", ja: "次に行うこと") }
    static var worseTitle: String { say(en: "What got worse", ja: "悪化した点") }
    static var since: String { say(en: "Since when", ja: "いつからか") }
    static var uncovered: String { say(en: "What was not covered", ja: "対象外だったもの") }
    static var who: String { say(en: "Who must act", ja: "対応する人") }
    static var section: String { say(en: "For the release", ja: "リリース判断") }
  }
}
