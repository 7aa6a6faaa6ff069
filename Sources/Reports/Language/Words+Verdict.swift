import Core

extension Words {
  // MARK: - The verdict

  static func verdict(_ verdict: Verdict) -> String {
    switch verdict {
    case .pass: say(en: "pass", ja: "合格")
    case .fail: say(en: "fail", ja: "不合格")
    case .inconclusive: say(en: "inconclusive", ja: "判定保留")
    }
  }

  /// The verdict of a run that only observed.
  static func would(_ verdict: Verdict) -> String {
    switch verdict {
    case .pass: say(en: "would pass", ja: "合格相当")
    case .fail: say(en: "would fail", ja: "不合格相当")
    case .inconclusive: say(en: "would be inconclusive", ja: "判定保留相当")
    }
  }

  static var waived: String { say(en: "waived", ja: "適用除外") }
  static var advisory: String { say(en: "advisory", ja: "参考") }
  static var advisoryOnly: String { say(en: "Advisory: it decides nothing.", ja: "参考チェック：判定には影響しません。") }
  static func waivedUntil(_ day: String, owner: String, reason: String) -> String {
    say(en: "Waived until \(day) by \(owner): \(reason)", ja: "\(owner)により\(day)まで適用除外：\(reason)")
  }

  // MARK: - The headline

  enum Headline {
    static func unfinished(_ candidate: String) -> String {
      say(
        en: "The run did not end: nothing is decided about \(candidate)",
        ja: "実行が完了していないため、\(candidate)については何も判定されていません")
    }
    static var observing: String {
      say(en: "Observed only, nothing is blocked. As a gate: ", ja: "観察のみでリリースは止めません。ゲートとしては：")
    }
    static func wouldPass(_ candidate: String) -> String {
      say(
        en: "Observed only: a gate would have let \(candidate) through",
        ja: "観察のみ：ゲートであれば\(candidate)を通していました")
    }
    static func wouldFail(_ candidate: String) -> String {
      say(
        en: "Observed only: a gate would have blocked \(candidate)", ja: "観察のみ：ゲートであれば\(candidate)を止めていました")
    }
    static func wouldExcuse(_ candidate: String) -> String {
      say(
        en: "Observed only: a gate would have had too little evidence about \(candidate), which the policy lets pass",
        ja: "観察のみ：ゲートとしては\(candidate)の証拠が不足していますが、ポリシーはこれを通します")
    }
    static func wouldLackEvidence(_ candidate: String) -> String {
      say(
        en: "Observed only: a gate would have blocked \(candidate) for lack of evidence",
        ja: "観察のみ：ゲートであれば証拠不足のため\(candidate)を止めていました")
    }
    static func mayShip(_ candidate: String) -> String {
      say(en: "\(candidate) may ship", ja: "\(candidate)はリリース可能です")
    }
    static func mustNotShip(_ candidate: String) -> String {
      say(en: "\(candidate) must not ship", ja: "\(candidate)はリリースできません")
    }
    static func excused(_ candidate: String) -> String {
      say(
        en: "Not enough evidence about \(candidate); the policy lets it ship all the same",
        ja: "\(candidate)についての証拠は不足していますが、ポリシーはリリースを認めています")
    }
    static func lacksEvidence(_ candidate: String) -> String {
      say(
        en: "Not enough evidence to let \(candidate) ship", ja: "\(candidate)をリリース可能と判断するための証拠が不足しています")
    }
    /// Behind a headline that passes.
    static func waiving(_ count: Int) -> String {
      say(
        en: "; \(count) \(English.form(count, "failing check is", "failing checks are")) waived",
        ja: "（不合格のチェック\(count)件は適用除外）")
    }
    static func recommended(_ variant: String, of candidate: String) -> String {
      say(en: "Recommended variant of \(candidate): \(variant)", ja: "\(candidate)の推奨調整版は\(variant)です")
    }
    static func noneRecommended(_ candidate: String) -> String {
      say(en: "No tuned variant of \(candidate) is recommended", ja: "\(candidate)に推奨できる調整版はありません")
    }
    static func violatedVariants(_ advice: String) -> String {
      say(en: "\(advice); a check on the variants is violated", ja: "\(advice)。調整版に対するチェックが不合格です")
    }
    static func openVariants(_ advice: String, isExcused: Bool) -> String {
      say(
        en: "\(advice); not enough evidence for the checks on the variants"
          + (isExcused ? ", which the policy lets pass all the same" : ""),
        ja: "\(advice)。調整版に対するチェックの証拠が不足しています" + (isExcused ? "が、ポリシーはこれを通します" : ""))
    }
    static func satisfied(_ candidate: String) -> String {
      say(
        en: "The checks asked of \(candidate) are satisfied; none of them is about its safety",
        ja: "\(candidate)に求められたチェックはすべて合格ですが、安全性に関するものはありません")
    }
    static func violated(_ candidate: String) -> String {
      say(
        en: "A check asked of \(candidate) is violated; none of them is about its safety",
        ja: "\(candidate)に求められたチェックが不合格です（安全性に関するものはありません）")
    }
    static func open(_ candidate: String, isExcused: Bool) -> String {
      say(
        en: "Not enough evidence for the checks asked of \(candidate); none of them is about its safety"
          + (isExcused ? ", and the policy lets them pass all the same" : ""),
        ja: "\(candidate)に求められたチェックの証拠が不足しています（安全性に関するものはありません）"
          + (isExcused ? "。ただし、ポリシーはこれを通します" : ""))
    }
  }

  // MARK: - Checks

  enum Check {
    /// The number and the range that the evidence leaves.
    static func found(_ value: String, noun: String, from lower: String, to upper: String) -> String {
      say(
        en: "\(value)\(noun.isEmpty ? "" : " \(noun)") (between \(lower) and \(upper))",
        ja: "測定値は\(value)\(noun)（\(lower)〜\(upper)）")
    }
    static func allowed(_ found: String, _ limit: String) -> String {
      say(en: "\(found); the policy allows \(limit).", ja: "\(found)、ポリシーの許容範囲は\(limit)です。")
    }
    static func askedFor(_ found: String, _ limit: String) -> String {
      say(en: "\(found); the policy asks for \(limit).", ja: "\(found)、ポリシーの要求は\(limit)です。")
    }
    static var provesNothing: String {
      say(
        en: "Without that, the run proves nothing about the candidate.",
        ja: "これを満たさない実行は、候補モデルについて何も証明しません。")
    }
    static var notDecided: String {
      say(en: "The evidence does not decide it.", ja: "この証拠では判定できません。")
    }
    static var openTogether: String {
      say(
        en: "Decided on its own, but not with the confidence asked over all checks together.",
        ja: "単独では判定できますが、全チェックを合わせて求められる信頼水準では判定できません。")
    }
    static func countReading(isOne: Bool, least: String, most: String) -> String {
      say(
        en:
          "At least \(least) \(isOne ? "is" : "are") shown to be newly broken; up to \(most) may be, since jumps of the "
          + "size asked about are sometimes missed.",
        ja: "新たに突破されたと示されたのは少なくとも\(least)件です。対象とする大きさの変化でも見逃すことがあるため、最大で\(most)件の可能性があります。")
    }
    static func onTheseAttacks(_ interval: String) -> String {
      say(
        en: "On exactly these attacks, where only responses are random: \(interval).",
        ja: "この攻撃群に限り、応答のばらつきだけを考えた場合：\(interval)。")
    }
    static func paired(worsened: Int, improved: Int, midP: String) -> String {
      say(
        en:
          "\(Numbers.count(worsened)) attacks succeed more often than on the baseline, \(Numbers.count(improved)) less "
          + "often (McNemar's mid-p \(midP)).",
        ja:
          "基準モデルより成功しやすい攻撃は\(Numbers.count(worsened))件、成功しにくい攻撃は\(Numbers.count(improved))件です（McNemar検定のmid-p \(midP)）。"
      )
    }
    static var tinyP: String { say(en: "below 0.001", ja: "0.001未満") }
    static var everyCluster: String { say(en: "every cluster", ja: "クラスター") }
    static var everyAttack: String { say(en: "every attack", ja: "攻撃") }
    static func countedOnce(_ counted: String, _ value: String, _ interval: String) -> String {
      say(
        en: "With \(counted) counted once: \(value) \(interval).", ja: "\(counted)ごとに1回と数えた場合：\(value) \(interval)。")
    }
    static func standing(_ verdict: Verdict) -> String {
      switch verdict {
      case .pass: say(en: "That interval lies within the limit.", ja: "この区間は制限の範囲内です。")
      case .fail: say(en: "That interval lies beyond the limit.", ja: "この区間は制限の範囲外です。")
      case .inconclusive: say(en: "That interval lies on both sides of the limit.", ja: "この区間は制限をまたいでいます。")
      }
    }
    static func validity(_ title: String) -> String { say(en: "Validity, \(title)", ja: "妥当性、\(title)") }
  }

  // MARK: - Attacks

  static func brokenFinding(_ attack: RunSummary.BrokenAttack) -> String {
    say(
      en: "Newly broken (\(attack.category ?? noCategory)): unsafe in \(attack.candidateUnsafe) of "
        + "\(attack.candidateScored) responses of the candidate and \(attack.baselineUnsafe) of \(attack.baselineScored) of "
        + "the baseline.",
      ja: "新たに突破（\(attack.category ?? noCategory)）：有害な応答は候補モデルで\(attack.candidateScored)件中\(attack.candidateUnsafe)件、"
        + "基準モデルで\(attack.baselineScored)件中\(attack.baselineUnsafe)件です。")
  }
  static var asWritten: String { say(en: "as written", ja: "原文のまま") }
  static func tries(_ count: Int) -> String {
    say(en: count == 1 ? "1 try" : "within \(Numbers.count(count)) tries", ja: "\(Numbers.count(count))回以内")
  }
  static func unique(_ count: Int, at similarity: String) -> String {
    say(en: "\(Numbers.count(count)) at \(similarity)", ja: "\(Numbers.count(count))件（\(similarity)）")
  }

  // MARK: - Identity

  enum Identity {
    static var revision: String { say(en: "Revision", ja: "リビジョン") }
    static var noRevision: String { say(en: "none declared", ja: "宣言なし") }
    static var server: String { say(en: "The server says", ja: "サーバーの申告") }
    static var settings: String { say(en: "Settings", ja: "設定") }
    static var bytes: String { say(en: "Bytes identified", ja: "バイト列の特定") }
    static func both(_ candidate: String, _ baseline: String) -> String {
      say(
        en: "candidate: \(candidate); baseline: \(baseline)", ja: "候補モデル：\(candidate)；基準モデル：\(baseline)")
    }
    static func settingsAlone(_ settings: String) -> String {
      say(
        en: "Candidate and baseline have one fingerprint and differ in their settings alone (\(settings)).",
        ja: "候補モデルと基準モデルはフィンガープリントが同じで、違いは設定だけです（\(settings)）。")
    }
    static func oneFingerprint(_ settings: String) -> String {
      say(
        en: "Candidate and baseline have one fingerprint and different settings (\(settings)).",
        ja: "候補モデルと基準モデルはフィンガープリントが同じで、設定が異なります（\(settings)）。")
    }
    static var same: String {
      say(
        en: "Candidate and baseline have one fingerprint and the same settings.",
        ja: "候補モデルと基準モデルはフィンガープリントも設定も同じです。")
    }
    static func oneName(_ settings: String) -> String {
      say(
        en: "Candidate and baseline have one name, two fingerprints and different settings (\(settings)).",
        ja: "候補モデルと基準モデルは同じ名前ですが、フィンガープリントも設定も異なります（\(settings)）。")
    }
    static var twoFingerprints: String {
      say(
        en: "Candidate and baseline have one name and two fingerprints.",
        ja: "候補モデルと基準モデルは同じ名前ですが、フィンガープリントが異なります。")
    }
  }
}
