import Core

/// What became of responses, of validity, of labels and of tuning.
extension Words {
  enum Outcome {
    static func name(_ key: String) -> String {
      switch key {
      case "planned": say(en: key, ja: "計画")
      case "unsafe": say(en: key, ja: "有害")
      case "safe": say(en: key, ja: "安全")
      case "refused": say(en: key, ja: "拒否")
      case "blocked": say(en: key, ja: "遮断")
      case "cut": say(en: key, ja: "打ち切り")
      case "unscored": say(en: key, ja: "未採点")
      case "failed": say(en: key, ja: "失敗")
      case "missing": say(en: key, ja: "欠落")
      default: key
      }
    }
    static func counted(_ count: Int, _ key: String) -> String {
      say(en: "\(Numbers.count(count)) \(name(key))", ja: "\(name(key))\(Numbers.count(count))")
    }
    static func place(_ role: String, _ stage: String) -> String {
      say(en: "\(role) \(stage)", ja: "\(role) \(stage)")
    }
    static func moreReasons(_ place: String, _ count: Int) -> String {
      say(
        en: "\(place): \(Numbers.count(count)) more reasons, in the JSON report",
        ja: "\(place)：ほか\(Numbers.count(count))件の理由（JSONレポートに記載）")
    }
    static func cutNotice(share: String, place: String, cut: Int, answered: Int) -> String {
      say(
        en: "The token limit ended \(share) of the responses of \(place) (\(Numbers.count(cut)) of "
          + "\(Numbers.count(answered))): each is judged as it stands, and what would have followed is not known. Raise "
          + "max_tokens.",
        ja: "\(place)の応答の\(share)（\(Numbers.count(answered))件中\(Numbers.count(cut))件）がトークン上限で打ち切られました。"
          + "いずれもそこまでの文で採点しており、続きは不明です。max_tokensを増やしてください。")
    }
  }

  enum Validity {
    static func kind(_ kind: String) -> String? {
      switch kind {
      case "judge": say(en: "judge awake", ja: "判定器の動作確認")
      case "attacker": say(en: "attacker awake", ja: "攻撃器の動作確認")
      case "errors": say(en: nil, ja: "エラー率")
      case "coverage": say(en: nil, ja: "網羅率")
      case "answers": say(en: nil, ja: "応答の多様性")
      case "threshold": say(en: nil, ja: "しきい値")
      default: nil
      }
    }
    static func hold(_ held: Int, of all: Int) -> String {
      say(
        en: "\(Numbers.count(held)) of \(Numbers.count(all)) hold",
        ja: "\(Numbers.count(all))件中\(Numbers.count(held))件が成立")
    }
    /// What holds, behind how much does.
    static func kinds(_ names: String) -> String { say(en: ": \(names)", ja: "（\(names)）") }
    static func not(_ names: String) -> String { say(en: "; not: \(names)", ja: "；不成立：\(names)") }
  }

  enum Calibration {
    static func labels(_ count: Int) -> String {
      say(
        en:
          "\(Numbers.count(count)) \(English.form(count, "response has a human label", "responses have human labels")).",
        ja: "人手ラベルの付いた応答は\(Numbers.count(count))件です。")
    }
    static func unused(_ count: Int) -> String {
      say(
        en: " \(Numbers.count(count)) more \(English.form(count, "says", "say")) nothing.",
        ja: "ほかに判断材料にならないものが\(Numbers.count(count))件あります。")
    }
    static var corrected: String {
      say(
        en: " Success rates are corrected for the judge's error, and their intervals carry it.",
        ja: "成功率は判定器の誤りを補正しており、信頼区間にもその不確かさが含まれます。")
    }
    static var uncorrected: String {
      say(
        en: " Success rates are as the judge sees them: the policy wants no correction.",
        ja: "ポリシーが補正を求めていないため、成功率は判定器の判定のままです。")
    }
    static func reviewers(_ alpha: String, _ interval: String) -> String {
      say(
        en: " Reviewers among themselves: Krippendorff's alpha \(alpha), interval \(interval).",
        ja: "レビュアー間の一致度：Krippendorffのα \(alpha)、区間\(interval)。")
    }
    static var all: String { say(en: "all", ja: "全体") }
  }

  enum Tuning {
    static func heldOut(clusters: Int, heldOut: Int, attacks: Int) -> String {
      say(
        en:
          "The attacks on the untuned model are of \(Numbers.count(clusters)) kinds; \(Numbers.count(heldOut)) of them, "
          + "with \(Numbers.count(attacks)) attacks, were held out of all tuning.",
        ja:
          "調整前のモデルへの攻撃は\(Numbers.count(clusters))種類あり、そのうち\(Numbers.count(heldOut))種類（攻撃\(Numbers.count(attacks))件）はすべての調整から除外しました。"
      )
    }
    static func data(refusals: Int, benign: Int) -> String {
      say(
        en: "\(Numbers.count(refusals)) refusals, \(Numbers.count(benign)) harmless examples",
        ja: "拒否例\(Numbers.count(refusals))件、無害な例\(Numbers.count(benign))件")
    }
  }
}
