import Core

/// The page: what the verdict rests on.
extension Words.Page {
  /// What known attacks are split by.
  enum Part {
    case category, transform, tries, tag, turns

    var column: String {
      switch self {
      case .category: say(en: "Category", ja: "カテゴリー")
      case .transform: say(en: "Transform", ja: "変換")
      case .tries: say(en: "Number of tries", ja: "試行回数")
      case .tag: say(en: "Tag", ja: "タグ")
      case .turns: say(en: "Number of turns", ja: "ターン数")
      }
    }
    var title: String {
      switch self {
      case .category: say(en: "Known attacks that succeed, by category", ja: "既知の攻撃の成功率（カテゴリー別）")
      case .transform: say(en: "Known attacks that succeed, by transform", ja: "既知の攻撃の成功率（変換別）")
      case .tries: say(en: "Known attacks that succeed, by number of tries", ja: "既知の攻撃の成功率（試行回数別）")
      case .tag: say(en: "Known attacks that succeed, by tag", ja: "既知の攻撃の成功率（タグ別）")
      case .turns: say(en: "Known attacks that succeed, by number of turns", ja: "既知の攻撃の成功率（ターン数別）")
      }
    }
    var eachBar: String {
      switch self {
      case .category:
        say(
          en: "Each bar is an interval for its category alone, not corrected for looking at several.",
          ja: "各横棒はそのカテゴリー単独の区間で、多重性の補正はしていません。")
      case .transform:
        say(
          en: "Each bar is an interval for its transform alone, not corrected for looking at several.",
          ja: "各横棒はその変換単独の区間で、多重性の補正はしていません。")
      case .tries:
        say(
          en: "Each bar is an interval for its number of tries alone, not corrected for looking at several.",
          ja: "各横棒はその試行回数単独の区間で、多重性の補正はしていません。")
      case .tag:
        say(
          en: "Each bar is an interval for its tag alone, not corrected for looking at several.",
          ja: "各横棒はそのタグ単独の区間で、多重性の補正はしていません。")
      case .turns:
        say(
          en: "Each bar is an interval for its number of turns alone, not corrected for looking at several.",
          ja: "各横棒はそのターン数単独の区間で、多重性の補正はしていません。")
      }
    }
    func order(isWeighted: Bool) -> String {
      switch self {
      case .category where isWeighted:
        say(
          en: "Sorted by newly broken attacks times the policy's weight, then by change.",
          ja: "新たに突破された攻撃の件数×ポリシーの重み、次に変化量の順に並べています。")
      case .category:
        say(
          en: "Sorted by newly broken attacks, then by change.", ja: "新たに突破された攻撃の件数、次に変化量の順に並べています。")
      case .transform:
        say(
          en: "The rewritten attacks are those of the first row, each in its cluster.",
          ja: "書き換えた攻撃は最初の行の攻撃をもとにし、それぞれ元のクラスターに属します。")
      case .tries:
        say(
          en:
            "An attack succeeds within k tries where at least one of k responses is unsafe, as the judge saw it: its errors "
            + "add up over the tries.",
          ja: "k件の応答のうち1件以上が有害と判定されれば「k回以内に成功」です。判定器の誤りは試行回数とともに積み重なります。")
      case .tag:
        say(
          en:
            "An attack counts under each of its tags, which suite and policy give it; tags of one framework stand together.",
          ja: "攻撃は、スイートとポリシーが付けたタグのそれぞれに数えます。同じ枠組みのタグはまとめて並べています。")
      case .turns:
        say(
          en: "Turns of the user are counted, those that a conversation begins with among them.",
          ja: "利用者のターンを、会話の冒頭に含まれるものも合わせて数えています。")
      }
    }
  }

  static func candidateLegend(_ name: String) -> String { say(en: "candidate, \(name)", ja: "候補モデル：\(name)") }
  static func baselineLegend(_ name: String) -> String { say(en: "baseline, \(name)", ja: "基準モデル：\(name)") }
  static func rates(candidate: String, baseline: String) -> String {
    say(en: "Candidate \(candidate); baseline \(baseline).", ja: "候補モデル：\(candidate)；基準モデル：\(baseline)。")
  }
  static func rate(in name: String) -> String { say(en: "Success rate in \(name)", ja: "\(name)の成功率") }
  static func rate(_ value: String, from lower: String, to upper: String) -> String {
    say(en: "\(value), between \(lower) and \(upper)", ja: "\(value)（\(lower)〜\(upper)）")
  }

  // MARK: - Fresh attacks

  static var fresh: String { say(en: "Fresh attacks", ja: "新規の攻撃") }
  static func freshLead(isRestarted: Bool, rule: String?) -> Markup {
    say(
      en: """
        The attacker searches each model from the same start\(isRestarted ? ", several times over" : ""). \
        Confirmed are attacks on which the confirming judge calls fresh responses unsafe; unique counts near-duplicates \
        once.\(rule.map { " \($0)" } ?? "")
        """,
      ja: """
        攻撃器は各モデルを同じ初期状態から\(isRestarted ? "複数回" : "")探索します。\
        「確認」は確認用の判定器が新しい応答を有害と判定した攻撃、「固有」はほぼ同一のものを1件と数えた件数です。\(rule ?? "")
        """)
  }
  static var yield: String {
    say(en: "Unique attacks found, a line for each restart", ja: "発見した固有攻撃（再スタートごとに1本の線）")
  }
  static var yieldAxis: String { say(en: "target responses spent on the search", ja: "探索に使った対象モデルの応答数") }
  static var yieldTitle: String {
    say(en: "Unique attacks found against target responses spent", ja: "使った応答数に対する、発見した固有攻撃の数")
  }
  static func yieldPoint(unique: Int, responses: Int) -> String {
    say(
      en: "\(Numbers.count(unique)) unique for \(Numbers.count(responses)) responses",
      ja: "応答\(Numbers.count(responses))件で固有\(Numbers.count(unique))件")
  }
  static var searchedOn: String { say(en: "Searched on", ja: "探索対象") }
  static var restarts: String { say(en: "Restarts", ja: "再スタート") }
  static var responses: String { say(en: "Responses", ja: "応答") }
  static var claimed: String { say(en: "Claimed", ja: "申告") }
  static func unasked(_ count: Int) -> String {
    say(en: "\(Numbers.count(count)) not asked again", ja: "うち\(Numbers.count(count))件は再確認せず")
  }
  static var confirmed: String { say(en: "Confirmed", ja: "確認") }
  static var uniqueByCosine: String { say(en: "Unique, by cosine similarity", ja: "固有（コサイン類似度別）") }
  static var vendi: String { say(en: "Vendi score", ja: "Vendiスコア") }
  static var meanDistance: String { say(en: "Mean cosine distance", ja: "平均コサイン距離") }
  static var fromLedger: String { say(en: "from the ledger", ja: "台帳から") }
  static var confirmedByCategory: String { say(en: "Confirmed attacks by category", ja: "確認した攻撃（カテゴリー別）") }
  static var map: String { say(en: "Map of confirmed attacks", ja: "確認した攻撃の分布図") }
  static var mapLead: String {
    say(
      en:
        "Near dots say nearly the same; a name stands above the dot in the middle of its category, where there is room, and "
        + "pointing at a dot shows its category.",
      ja: "近い点ほど内容が似ています。名前は、余白がある場合にそのカテゴリーの中央にある点の上に示します。点を指すとカテゴリーが表示されます。")
  }

  // MARK: - Calibration

  static var calibration: String { say(en: "The judge against people", ja: "判定器と人の比較") }
  static var labelsOf: String { say(en: "Labels of", ja: "ラベル") }
  static var unsafe: String { say(en: "Unsafe", ja: "有害") }
  static var safe: String { say(en: "Safe", ja: "安全") }
  static var sensitivity: String { say(en: "Sensitivity", ja: "感度") }
  static var specificity: String { say(en: "Specificity", ja: "特異度") }
  static var kappa: String { say(en: "Kappa", ja: "κ") }
  static var alpha: String { say(en: "Alpha", ja: "α") }
  static var calibrationNote: Markup {
    say(
      en: """
        Sensitivity: of what people call unsafe, the share that the judge does too; specificity: the same of \
        what they call safe. Kappa (Cohen's) and alpha (Krippendorff's, reviewers as raters of their own) are agreement beyond \
        chance. Weights undo the stratified sampling; each interval is for its row alone.
        """,
      ja: """
        感度は人が有害としたもののうち判定器も有害とした割合、特異度は人が安全としたもののうち判定器も安全とした割合です。\
        κ（Cohen）とα（Krippendorff、各レビュアーを独立の評価者とみなす）は偶然を超える一致度です。\
        層化抽出の偏りは重みで補正しており、区間は行ごとのものです。
        """)
  }

  // MARK: - Cost

  static var cost: String { say(en: "Cost and time", ja: "費用と時間") }
  static var all: String { say(en: "All", ja: "合計") }
  static var asked: String { say(en: "Responses asked", ja: "要求した応答") }
  static var reused: String { say(en: "From the ledger", ja: "台帳から再利用") }
  static var errors: String { say(en: "Errors", ja: "エラー") }
  static var unscored: String { say(en: "Unscored", ja: "未採点") }
  static var promptTokens: String { say(en: "Prompt tokens", ja: "入力トークン") }
  static var responseTokens: String { say(en: "Response tokens", ja: "出力トークン") }
  static var waited: String { say(en: "Time waited", ja: "待ち時間") }
  static var stages: String { say(en: "Stages", ja: "ステージ") }
  static var stage: String { say(en: "Stage", ja: "ステージ") }
  static var time: String { say(en: "Time", ja: "時間") }
  static var didWhat: String { say(en: "What it did", ja: "内容") }
  static var notAskedFor: String { say(en: "not asked for", ja: "実行対象外") }
}
