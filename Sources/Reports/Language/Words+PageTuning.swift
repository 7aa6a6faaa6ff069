import Core
import Foundation

/// The page: safety tuning, provenance and the rule of decision.
extension Words.Page {
  // MARK: - Tuning

  static var tuning: String { say(en: "Safety tuning compared", ja: "安全性調整の比較") }
  static var matrix: String { say(en: "Every attack method against every variant", ja: "攻撃手法×調整版") }
  static var matrixLead: Markup {
    say(
      en: """
        A row is a model, a column an attack method that adapted to it at equal budget: the share of its last \
        proposals that succeed, asked anew and judged by the confirming judge. Small print: its attacks on the untuned model, of \
        kinds that nothing was tuned on.
        """,
      ja: """
        行はモデル、列は同じ予算でそのモデルに適応した攻撃手法です。数値は、手法の最後の提案のうち成功した割合です（改めて応答を取得し、確認用の判定器が判定）。\
        小さな文字は、調整前のモデルへの攻撃のうち、どの調整にも使っていない種類のものの成功率です。
        """)
  }
  static var ownIntervals: String {
    say(
      en: " Intervals are each for itself, over restarts of the attacker.", ja: "区間はそれぞれ単独のもので、攻撃器の再スタート間のばらつきによります。")
  }
  static var tradeOff: String { say(en: "Robustness against over-refusal", ja: "堅牢性と過剰拒否") }
  static var tuningCost: String { say(en: "What tuning costs elsewhere", ja: "調整による他の面への影響") }
  static var recommended: String { say(en: "recommended", ja: "推奨") }
  static var notUsable: String { say(en: "not usable", ja: "使用不可") }
  static var tunedOn: String { say(en: "Tuned on the attacks of", ja: "調整に使った攻撃の手法") }
  static var mean: String { say(en: "mean", ja: "平均") }
  static func old(_ rate: String) -> String { say(en: "old \(rate)", ja: "既存 \(rate)") }
  static var harmlessRefused: String { say(en: "Harmless questions refused", ja: "無害な質問の拒否率") }
  static var change: String { say(en: "Change", ja: "変化") }
  static var quiz: String { say(en: "Quiz answers right", ja: "クイズの正答率") }
  static var tokens: String { say(en: "Tokens an answer", ja: "1応答のトークン数") }
  static var latency: String { say(en: "Latency", ja: "遅延") }
  static var rounds: String { say(en: "More rounds of attack and tuning", ja: "攻撃と調整の追加ラウンド") }
  static var round: String { say(en: "Round", ja: "ラウンド") }
  static var newAttacks: String { say(en: "New attacks", ja: "新しい攻撃") }
  static var attacksSucceed: String { say(en: "Attacks that succeed", ja: "攻撃成功率") }
  static var sinceRound: String { say(en: "Since the round before", ja: "前ラウンドからの変化") }
  static var refusedMore: String { say(en: "Refused more", ja: "拒否の増加") }
  static var verdict: String { say(en: "Verdict", ja: "評価") }
  static var pays: String { say(en: "pays", ja: "効果あり") }
  static var paysNoMore: String { say(en: "doesn't pay any more", ja: "これ以上の効果なし") }
  static func neverSaw(_ variant: String) -> String {
    say(
      en: "Attacks that \(variant) never saw, before and after", ja: "\(variant)が学習していない攻撃の、調整前後の比較")
  }
  static var unsafeBefore: String { say(en: "Unsafe before", ja: "調整前の有害応答") }
  static var unsafeAfter: String { say(en: "Unsafe after", ja: "調整後の有害応答") }
  static var before: String { say(en: "before:", ja: "調整前：") }
  static var after: String { say(en: "after:", ja: "調整後：") }
  static var tooFew: String { say(en: "Too few usable variants to compare.", ja: "比較に足る数の使用可能な調整版がありません。") }
  static var tradeOffTitle: String { say(en: "Attack success against over-refusal", ja: "攻撃成功率と過剰拒否") }
  static var tradeOffLead: String {
    say(
      en:
        "Attacks that succeed, mean over the methods (upwards), against harmless questions refused (to the right): lower left "
        + "is better. The line joins the models that none beats in both.",
      ja: "縦軸は攻撃成功率（手法の平均）、横軸は無害な質問の拒否率で、左下ほど良好です。線は、両方で上回るモデルがないもの（パレートフロント）を結びます。")
  }
  static var tradeOffAxis: String { say(en: "harmless questions refused", ja: "無害な質問の拒否率") }
  static func tradeOffPoint(_ name: String, success: String, refused: String, isOnFront: Bool) -> String {
    say(
      en: "\(name): \(success) of attacks succeed, \(refused) of harmless questions refused"
        + (isOnFront ? ", on the front" : ""),
      ja: "\(name)：攻撃成功率\(success)、無害な質問の拒否率\(refused)" + (isOnFront ? "、フロント上" : ""))
  }

  // MARK: - Provenance

  static var provenance: String { say(en: "Provenance", ja: "来歴") }
  static var part: String { say(en: "Part", ja: "役割") }
  static var name: String { say(en: "Name", ja: "名前") }
  static var kind: String { say(en: "Kind", ja: "種類") }
  static var fingerprint: String { say(en: "Fingerprint", ja: "フィンガープリント") }
  static func judge(_ use: String) -> String {
    switch use {
    case "reward": say(en: "reward judge", ja: "報酬用の判定器")
    case "confirm": say(en: "confirm judge", ja: "確認用の判定器")
    default: say(en: "\(use) judge", ja: "判定器（\(use)）")
    }
  }
  static var notReused: String {
    say(
      en: "Nothing identifies its bytes, so that responses of earlier runs can't be reused.",
      ja: "バイト列を特定できないため、以前の実行の応答は再利用できません。")
  }
  static var inputs: String { say(en: "Files that the verdict rests on", ja: "判定の根拠となるファイル") }
  static var input: String { say(en: "Input", ja: "入力") }
  static var path: String { say(en: "Path", ja: "パス") }
  static var run: String { say(en: "Run", ja: "実行") }
  static var policy: String { say(en: "Policy", ja: "ポリシー") }
  static var policyHash: String { say(en: "Policy hash", ja: "ポリシーのハッシュ") }
  static var seed: String { say(en: "Seed", ja: "シード") }
  static var ledger: String { say(en: "Ledger", ja: "台帳") }
  static var sealed: String { say(en: "sealed", ja: "封印済み") }
  static var notSealed: String { say(en: "not sealed", ja: "封印なし") }
  static var ledgerHead: String { say(en: "Ledger head", ja: "台帳の先頭ハッシュ") }
  static var written: String { say(en: "Written", ja: "作成日時") }
  static var overrides: String { say(en: "Overrides", ja: "上書きした値") }
  static var runDigest: String {
    say(en: "Run digest: resolved policy and every input", ja: "実行ダイジェスト（展開後のポリシーと全入力）")
  }
  static func governance(_ key: String) -> String {
    switch key {
    case "owner": say(en: "Owner", ja: "責任者")
    case "purpose": say(en: "Purpose", ja: "目的")
    case "contact": say(en: "Contact", ja: "連絡先")
    case "licence": say(en: "Licence", ja: "ライセンス")
    default: key.capitalized
    }
  }

  // MARK: - How the verdict is made

  static var rule: String { say(en: "How the verdict is made", ja: "判定の方法") }
  static func ruleText(_ errorRate: Markup, _ validity: Markup) -> Markup {
    say(
      en:
        "\(errorRate) One violated check fails the run; otherwise one undecided check makes it inconclusive.\(validity)",
      ja: "\(errorRate)1つでも不合格のチェックがあれば実行は不合格、なければ、1つでも判定保留のチェックがあれば判定保留です。\(validity)")
  }
  static var onEstimates: Markup {
    say(
      en:
        "The policy asks to compare measured numbers, not their intervals, with the limits: no error rate is promised.",
      ja: "このポリシーは区間ではなく測定値を制限と比べるため、誤り率は保証されません。")
  }
  static func heldAlone(_ chance: String) -> Markup {
    say(
      en: "the chance that it wrongly passes or fails is held to at most \(chance)",
      ja: "誤って合格または不合格とする確率を\(chance)以下に抑えます")
  }
  static func heldTogether(_ checks: Int, _ chance: String) -> Markup {
    say(
      en: """
        Holm's procedure asks the more of each the more there are, so that the chance of any wrong pass or fail among all \
        \(Numbers.count(checks)) checks of the policy together is held to at most \(chance)
        """,
      ja: """
        Holmの方法により、チェックの数が多いほど個々の基準を厳しくし、ポリシーの\(Numbers.count(checks))件のチェック全体で\
        1件でも誤って合格または不合格とする確率を\(chance)以下に抑えます
        """)
  }
  static func wholeInterval(_ held: Markup, _ judge: Markup) -> Markup {
    say(
      en: """
        Every check compares a whole interval with its limit; \(held). That rests on clusters of attacks that are independent \
        of each other, on attacks that stand for those to come, and \(judge).
        """,
      ja: """
        各チェックは区間全体を制限と比べ、\(held)。これは、攻撃のクラスターが互いに独立であること、\
        攻撃が今後の攻撃を代表していること、および\(judge)を前提とします。
        """)
  }
  static var correctedJudge: Markup {
    say(
      en: "on the human labels by which success rates are corrected for the judge's error", ja: "判定器の誤りの補正に用いた人手ラベル")
  }
  static var uncorrectedJudge: Markup {
    say(
      en: "on taking the judges' verdicts as they are: nothing corrects for their errors",
      ja: "判定器の判定をそのまま用いること（誤りの補正なし）")
  }
  static func validityRule(_ count: Int) -> Markup {
    say(
      en: " Nor does a run pass where one of its \(Numbers.count(count)) validity checks does not hold.",
      ja: "また、\(Numbers.count(count))件の妥当性確認のうち1件でも成立しなければ合格にはなりません。")
  }
  static var adequacyRule: Markup {
    say(
      en: " A check about the run itself never fails it, and keeps it from a pass where it is not met.",
      ja: "実行自体に関するチェックは不合格にはなりませんが、満たされなければ合格にもなりません。")
  }
}
