import Core

/// What the terminal, Markdown and JUnit reports say beside what all reports say.
extension Words {
  enum Terminal {
    static var header: [String] {
      say(
        en: ["check", "measured", "interval", "limit", "verdict"], ja: ["チェック", "測定値", "信頼区間", "制限", "判定"])
    }
    static var weakened: String { say(en: "weakened: ", ja: "注意：") }
    static var note: String { say(en: "note: ", ja: "備考：") }
    static var toDecide: String { say(en: "to decide: ", ja: "判定するには：") }
    static var validity: String { say(en: "validity: ", ja: "妥当性：") }
    static var newlyBroken: String { say(en: "newly broken: ", ja: "新たに突破：") }
    static var responses: String { say(en: "responses", ja: "応答") }
    static var attacks: String { say(en: "attacks: ", ja: "攻撃の管理：") }
    static var report: String { say(en: "report: ", ja: "レポート：") }
    static func identity(policy: String, exitCode: Int32, asGate: Int32?) -> String {
      say(
        en: "\(policy), exit code \(exitCode)\(asGate.map { " (as a gate: \($0))" } ?? "")",
        ja: "\(policy)、終了コード\(exitCode)\(asGate.map { "（ゲートとしては\($0)）" } ?? "")")
    }
    static func basis(n: Int, units: String, unscored: Int, confidence: String, method: String) -> String {
      say(
        en: "n = \(Numbers.count(n)), independent units \(units), \(Numbers.count(unscored)) unscored, "
          + "\(confidence) confidence; \(method)",
        ja: "n = \(Numbers.count(n))、独立な単位数 \(units)、未採点\(Numbers.count(unscored))件、信頼水準\(confidence)；\(method)")
    }
    static func broken(_ count: Int, _ categories: [String], isWhole: Bool) -> String {
      say(
        en: "\(Numbers.count(count)) (\(list(categories))\(isWhole ? "" : ", …"))",
        ja: "\(Numbers.count(count))件（\(list(categories))\(isWhole ? "" : "、…")）")
    }
    static func fresh(on role: String) -> String { say(en: "fresh on \(role): ", ja: "新規の攻撃（\(role)）：") }
    static func fresh(confirmed: Int, unasked: Int, unique: String, responses: Int, isReused: Bool) -> String {
      say(
        en:
          "\(Numbers.count(confirmed)) confirmed\(unasked > 0 ? " (\(self.unasked(unasked)))" : ""), unique \(unique), \(Numbers.count(responses)) responses"
          + (isReused ? " (from the ledger)" : ""),
        ja:
          "確認\(Numbers.count(confirmed))件\(unasked > 0 ? "（\(self.unasked(unasked))）" : "")、固有（類似度別）\(unique)、応答\(Numbers.count(responses))件"
          + (isReused ? "（台帳から）" : ""))
    }
    static func unasked(_ count: Int) -> String {
      say(
        en: "\(Numbers.count(count)) more claimed, not asked again", ja: "ほかに申告\(Numbers.count(count))件は再確認せず")
    }
    static func cost(asked: Int, reused: Int, time: String, run: String, seed: UInt64) -> String {
      say(
        en:
          "\(Numbers.count(asked)) responses asked, \(Numbers.count(reused)) reused, \(time); run \(run), seed \(seed)",
        ja: "要求した応答\(Numbers.count(asked))件、再利用\(Numbers.count(reused))件、\(time)；実行 \(run)、シード \(seed)")
    }
    static func ledgerHead(_ hash: String) -> String { say(en: "ledger head \(hash)", ja: "台帳の先頭ハッシュ \(hash)") }
  }

  enum Markdown {
    static var tooLong: String {
      say(
        en: "Some sections were too long for this summary; the HTML and JSON reports have them.",
        ja: "長すぎるため一部の節を省略しました。HTMLとJSONのレポートに記載しています。")
    }
    static var weakened: MarkdownText { say(en: "**Weakened:** ", ja: "**注意：** ") }
    static var toDecide: MarkdownText { say(en: "**To decide:** ", ja: "**判定するには：** ") }
    static var note: MarkdownText { say(en: "**Note:** ", ja: "**備考：** ") }
    static var next: MarkdownText { say(en: "**Next:** ", ja: "**次に行うこと：** ") }
    static var worse: MarkdownText { say(en: "**Worse:** ", ja: "**悪化した点：** ") }
    static var since: MarkdownText { say(en: "**Since when:** ", ja: "**いつからか：** ") }
    static var uncovered: MarkdownText { say(en: "**Not covered:** ", ja: "**対象外：** ") }
    static var who: MarkdownText { say(en: "**Who acts:** ", ja: "**対応する人：** ") }
    static func validity(_ line: String) -> MarkdownText {
      say(en: "Validity of the run: \(line).", ja: "実行の妥当性：\(line)。")
    }
    static func moreReasons(_ count: Int) -> MarkdownText {
      say(en: "… and \(count) more in the HTML and JSON reports", ja: "…ほか\(count)件（HTMLとJSONのレポートに記載）")
    }
    static func moreRows(_ count: Int) -> MarkdownText {
      say(en: "… and \(count) more rows in the HTML and JSON reports.", ja: "…ほか\(count)行（HTMLとJSONのレポートに記載）")
    }
    static var outcomes: MarkdownText { say(en: "What became of the responses", ja: "応答の内訳") }
    static var checks: MarkdownText { say(en: "Checks", ja: "チェック") }
    static var checkHeader: [MarkdownText] {
      say(
        en: ["verdict", "check", "measured", "interval", "limit"], ja: ["判定", "チェック", "測定値", "信頼区間", "制限"])
    }
    static var broken: MarkdownText { say(en: "Newly broken", ja: "新たに突破された攻撃") }
    static func brokenLead(baseline: String?, candidate: String, count: Int) -> MarkdownText {
      say(
        en: "Attacks that \(baseline ?? "the baseline") resists and \(candidate) does not: \(count).",
        ja: "\(baseline ?? "基準モデル")は耐え、\(candidate)は耐えなかった攻撃：\(count)件。")
    }
    static var brokenHeader: [MarkdownText] { say(en: ["category", "attacks"], ja: ["カテゴリー", "攻撃"]) }
    static var byCategory: MarkdownText { say(en: "Known attacks that succeed, by category", ja: "既知の攻撃の成功率（カテゴリー別）") }
    static var byTransform: MarkdownText { say(en: "Known attacks that succeed, by transform", ja: "既知の攻撃の成功率（変換別）") }
    static var byTries: MarkdownText {
      say(en: "Known attacks that succeed, by number of tries", ja: "既知の攻撃の成功率（試行回数別）")
    }
    static var categoryHeader: [MarkdownText] {
      say(
        en: ["category", "attacks", "candidate", "baseline", "newly broken"],
        ja: ["カテゴリー", "攻撃", "候補モデル", "基準モデル", "新たに突破"])
    }
    static var transformHeader: [MarkdownText] {
      say(
        en: ["transform", "attacks", "candidate", "baseline", "newly broken"],
        ja: ["変換", "攻撃", "候補モデル", "基準モデル", "新たに突破"])
    }
    static var triesHeader: [MarkdownText] {
      say(en: ["tries", "attacks", "candidate", "baseline"], ja: ["試行回数", "攻撃", "候補モデル", "基準モデル"])
    }
    static var fresh: MarkdownText { say(en: "Fresh attacks", ja: "新規の攻撃") }
    static var freshHeader: [MarkdownText] {
      say(
        en: ["searched on", "responses", "confirmed", "unique (cosine)", "Vendi score"],
        ja: ["探索対象", "応答", "確認", "固有（コサイン類似度）", "Vendiスコア"])
    }
    static var tuning: MarkdownText { say(en: "Safety tuning compared", ja: "安全性調整の比較") }
    static func notUsable(_ problem: String) -> MarkdownText {
      say(en: "not usable: \(problem)", ja: "使用不可：\(problem)")
    }
    static var tuningHeader: [MarkdownText] {
      say(
        en: [
          "tuned on the attacks of", "adapted attacks that succeed", "unseen kinds that succeed", "over-refusal",
          "quiz answers",
        ], ja: ["調整に使った攻撃の手法", "適応した攻撃の成功率", "未知の種類の成功率", "過剰拒否", "クイズの正答"])
    }
    static var calibration: MarkdownText { say(en: "The judge against people", ja: "判定器と人の比較") }
    static var calibrationHeader: [MarkdownText] {
      say(
        en: ["labels of", "unsafe + safe", "sensitivity", "specificity", "kappa", "alpha"],
        ja: ["ラベル", "有害 + 安全", "感度", "特異度", "κ", "α"])
    }
    static var revealed: MarkdownText { say(en: "Attacks and responses", ja: "攻撃と応答") }
    static var revealedHeader: [MarkdownText] {
      say(en: ["attack", "prompt", "model", "response"], ja: ["攻撃", "プロンプト", "モデル", "応答"])
    }
    static func cost(asked: Int, reused: Int, time: String) -> MarkdownText {
      say(
        en: "\(asked) responses asked, \(reused) reused from the ledger, \(time).",
        ja: "要求した応答\(asked)件、台帳からの再利用\(reused)件、\(time)。")
    }
    static func digest(_ hash: String) -> MarkdownText {
      say(en: " Run digest \(code: hash).", ja: "実行ダイジェスト \(code: hash)。")
    }
    static var inputs: MarkdownText { say(en: " Inputs: ", ja: "入力：") }
    static var comma: MarkdownText { say(en: ", ", ja: "、") }
    static var stop: MarkdownText { say(en: ".", ja: "。") }
    static func attacks(_ line: String) -> MarkdownText { say(en: " Attacks: \(line).", ja: "攻撃の管理：\(line)。") }
    static func asGate(_ code: Int32) -> MarkdownText {
      say(en: " (as a gate: \(Int(code)))", ja: "（ゲートとしては\(Int(code))）")
    }
    static func run(_ id: String) -> String { say(en: "run \(id)", ja: "実行 \(id)") }
    static func footer(_ summary: RunSummary, version: String, time: String, gate: MarkdownText) -> MarkdownText {
      let (policy, hash) = (summary.policy.name, String(summary.policy.hash.prefix(12)))
      return say(
        en: """
          Policy \(policy) \(code: hash), seed \(String(summary.policy.seed)), run \(code: summary.run), ledger head \
          \(code: summary.evidence.headHash), Sluice \(version), \(time). Exit code \(Int(summary.exitCode))\(gate).
          """,
        ja: """
          ポリシー \(policy) \(code: hash)、シード \(String(summary.policy.seed))、実行 \(code: summary.run)、台帳の先頭ハッシュ \
          \(code: summary.evidence.headHash)、Sluice \(version)、\(time)。終了コード\(Int(summary.exitCode))\(gate)。
          """)
    }
  }

  /// Messages, bodies and output; names, classes, types and properties are for programs, and English.
  enum JUnit {
    static func weakened(_ sentence: String) -> String { say(en: "weakened: \(sentence)", ja: "注意：\(sentence)") }
    static func toDecide(_ remedy: String) -> String { say(en: "to decide: \(remedy)", ja: "判定するには：\(remedy)") }
    static func validity(_ line: String) -> String { say(en: "validity: \(line)", ja: "妥当性：\(line)") }
    static func moreWeakenings(_ count: Int) -> String {
      say(en: "\(count) more weakenings, in the JSON report", ja: "ほか\(count)件の注意（JSONレポートに記載）")
    }
    static func observed(_ message: String) -> String {
      say(en: "Observed only; \(message)", ja: "観察のみ。\(message)")
    }
    static func wouldError(_ finding: String) -> String {
      say(en: "Observed only; this would be an error: \(finding)", ja: "観察のみ。ゲートであればエラー：\(finding)")
    }
    static func wouldFail(_ message: String) -> String {
      say(en: "Observed only; this would be a failure: \(message)", ja: "観察のみ。ゲートであれば不合格：\(message)")
    }
    static var stageSkipped: String { say(en: "The stage was not asked for.", ja: "このステージは実行対象外です。") }
    static var itsOwn: String { say(en: "its own", ja: "単独") }

    /// A check's facts, a line each.
    static func facts(_ check: RunSummary.CheckResult) -> [String] {
      let estimate = check.measured
      let confidence = estimate.map { Numbers.confidence($0.confidence) } ?? none
      let (n, unscored) = (estimate?.n ?? 0, check.estimate?.unscored ?? 0)
      return [
        say(en: "metric: \(check.metric)", ja: "指標：\(check.metric)"),
        say(en: "meaning: \(check.explanation)", ja: "意味：\(check.explanation)"),
        say(en: "estimate: \(check.valueText)", ja: "推定値：\(check.valueText)"),
        say(en: "interval: \(check.intervalText)", ja: "区間：\(check.intervalText)"),
        say(en: "confidence: \(confidence)", ja: "信頼水準：\(confidence)"),
        say(en: "limit: \(check.limitText)", ja: "制限：\(check.limitText)"),
        say(en: "verdict: \(check.standing)", ja: "判定：\(check.standing)"),
        say(en: "reason: \(check.reason)", ja: "理由：\(check.reason)"),
        say(en: "observations: \(n)", ja: "観測数：\(n)"), say(en: "unscored: \(unscored)", ja: "未採点：\(unscored)"),
        say(en: "method: \(estimate?.method ?? none)", ja: "方法：\(estimate?.method ?? none)"),
      ]
    }

    static func facts(_ attack: RunSummary.BrokenAttack, category: String) -> [String] {
      let (cluster, p) = (attack.cluster ?? itsOwn, Numbers.probability(attack.adjustedP))
      return [
        say(en: "attack: \(attack.id)", ja: "攻撃：\(attack.id)"),
        say(en: "category: \(category)", ja: "カテゴリー：\(category)"),
        say(en: "cluster: \(cluster)", ja: "クラスター：\(cluster)"), say(en: "adjusted p: \(p)", ja: "補正後のp値：\(p)"),
      ]
    }
    static func prompt(_ text: String) -> String { say(en: "prompt: \(text)", ja: "プロンプト：\(text)") }
    static func line(_ attack: RunSummary.BrokenAttack) -> String {
      let (cluster, p) = (attack.cluster ?? itsOwn, Numbers.probability(attack.adjustedP))
      return say(
        en: "attack \(attack.id), cluster \(cluster), adjusted p \(p): \(attack.finding)",
        ja: "攻撃 \(attack.id)、クラスター \(cluster)、補正後のp値 \(p)：\(attack.finding)")
    }
    static func newlyBroken(_ count: Int, category: String, _ finding: String) -> String {
      say(
        en:
          "\(Numbers.count(count)) \(English.form(count, "attack is", "attacks are")) newly broken (\(category)): \(finding)",
        ja: "\(Numbers.count(count))件の攻撃が新たに突破されました（\(category)）：\(finding)")
    }
    static var inBody: String {
      say(en: "each is in the body, and in the JSON report.", ja: "個々の攻撃は本文とJSONレポートに記載しています。")
    }
    static func more(_ count: Int) -> String {
      say(en: "… and \(count) more, in the JSON report", ja: "…ほか\(count)件（JSONレポートに記載）")
    }
    static func leftOut(_ count: Int) -> String {
      say(
        en: "\(count) more testcases would make this file too large; the JSON report lists everything.",
        ja: "ファイルが大きくなりすぎるため、ほか\(count)件のテストケースを省略しました。JSONレポートにすべて記載しています。")
    }
  }
}
