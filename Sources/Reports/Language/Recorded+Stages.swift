extension Recorded {
  /// What stages did.
  static let stages: [Pattern] = [
    Pattern(en: "not asked for", ja: "実行対象外"), Pattern(en: "the run did not end", ja: "実行が完了せず"),
    Pattern(en: "from outcomes", ja: "収集済みの結果から"), Pattern(en: "not in the outcomes", ja: "収集済みの結果になし"),
    Pattern(
      en: "<models:number> <model|models> and <judges:number> <judge|judges> <answers|answer>",
      ja: "モデル<models>個、判定器<judges>個が応答"),
    Pattern(en: "<models:number> <model|models> <answers|answer>", ja: "モデル<models>個が応答"),
    Pattern(en: "<judges:number> <judge|judges> <answers|answer>", ja: "判定器<judges>個が応答"),
    Pattern(en: "<n:number> <attack|attacks> on <models:number> <model|models>", ja: "攻撃<n>件、モデル<models>個"),
    Pattern(en: "<n:number> questions", ja: "質問<n>件"),
    Pattern(
      en: "<made:number> of <variants:number> variants made and attacked by <methods:number> methods",
      ja: "調整版<variants>個中<made>個を作成し、<methods>種類の手法で攻撃"),
    Pattern(
      en: "<n:number> searches, <responses:number> responses each with confirmation", ja: "探索<n>回、確認を含めて各<responses>応答"),
    Pattern(en: "<n:number> attacks confirmed on the candidate", ja: "候補モデルへの攻撃<n>件を確認"),
    Pattern(
      en: "stopped after <n:number> of <all:number> attacks, when every check was decided, <rest:phrases>",
      ja: "全チェックが判定できたため、攻撃<all>件中<n>件で終了、<rest>"),
    Pattern(
      en: "stopped after <n:number> of <all:number> attacks, when every check was decided",
      ja: "全チェックが判定できたため、攻撃<all>件中<n>件で終了"),
    Pattern(en: "<n:number> attacks, <rest:phrases>", ja: "攻撃<n>件、<rest>"),
    Pattern(en: "<n:number> attacks", ja: "攻撃<n>件"),
    Pattern(en: "<n:number> of them found in earlier runs", ja: "うち過去の実行で発見<n>件"),
    Pattern(
      en: "<n:number> found on this very candidate and set aside", ja: "この候補モデル自身で発見した<n>件は除外"),
    Pattern(
      en: "<n:number> looked at twice with <responses:number> responses each", ja: "<n>件を各<responses>応答で再確認"),
    Pattern(
      en: "<n:number> cleared by a second look of <responses:number> responses", ja: "<n>件は<responses>応答の再確認で解消"),
  ]

  /// How estimates were made.
  static let methods: [Pattern] = [
    Pattern(en: "no observation", ja: "観測なし"), Pattern(en: "counted", ja: "計数"),
    Pattern(
      en: "Clopper-Pearson on <n:number> labels, weighted", ja: "Clopper-Pearson（ラベル<n>件、重み付き）"),
    Pattern(en: "Student's t over <n:number> restarts", ja: "Studentのt（再スタート<n>回）"),
    Pattern(
      en: "Poisson's interval, widened for the spread of <n:number> restarts", ja: "Poisson区間（再スタート<n>回のばらつきで拡大）"),
    Pattern(
      en: "MOVER of Poisson's intervals, widened for the spread of <n:number> paired restarts",
      ja: "Poisson区間のMOVER（対応のある再スタート<n>回のばらつきで拡大）"),
    Pattern(
      en: "MOVER of Gaffke's bounds, mean over <n:number> units in <clusters:number> clusters<rest:phrase>",
      ja: "Gaffke限界のMOVER、<clusters>クラスター・<n>単位の平均<rest>"),
    Pattern(
      en: "Gaffke's bounds, mean over <n:number> units in <clusters:number> clusters<rest:phrase>",
      ja: "Gaffke限界、<clusters>クラスター・<n>単位の平均<rest>"),
    Pattern(
      en: "MOVER of Gaffke's bounds, mean over <n:number> units in <clusters:number> clusters",
      ja: "Gaffke限界のMOVER、<clusters>クラスター・<n>単位の平均"),
    Pattern(
      en: "Gaffke's bounds, mean over <n:number> units in <clusters:number> clusters",
      ja: "Gaffke限界、<clusters>クラスター・<n>単位の平均"),
    Pattern(
      en:
        ", corrected for a judge of sensitivity <sensitivity> and specificity <specificity> on <labels:number> labels",
      ja: "、判定器の感度<sensitivity>・特異度<specificity>で補正（ラベル<labels>件）"),
    Pattern(
      en: "corrected for a judge of sensitivity <sensitivity> and specificity <specificity> on <labels:number> labels",
      ja: "判定器の感度<sensitivity>・特異度<specificity>で補正（ラベル<labels>件）"),
    Pattern(en: "the judge has no labels of both kinds", ja: "判定器に有害・安全両方のラベルがない"),
    Pattern(en: "the judge is too weak to correct: <words:phrase>", ja: "判定器の精度が低く補正できない（<words>）"),
    Pattern(en: ", with a betting confidence sequence", ja: "、ベッティング信頼系列"),
    Pattern(
      en: "betting confidence sequence over <clusters:number> clusters, stopped when decided",
      ja: "ベッティング信頼系列（<clusters>クラスター、判定時に停止）"),
    Pattern(
      en:
        "<control> over Fisher's exact tests on <n:number> screened attacks; upper bound at detection power <power:number> for "
        + "jumps of <points:number> points",
      ja: "選別した攻撃<n>件のFisher正確検定に<control>法、上限は<points>ポイントの変化の検出力<power>による"),
    Pattern(
      en: "kappa of judge and consensus, jackknife over <n:number> attacks", ja: "判定器と合意のκ、攻撃<n>件のジャックナイフ"),
    Pattern(en: "alpha of <raters>, jackknife over <n:number> attacks", ja: "<raters>のα、攻撃<n>件のジャックナイフ"),
  ]

  /// Which variant to take.
  static let tuning: [Pattern] = [
    Pattern(en: "<variant> can't be used: <problem:phrase>.", ja: "<variant>は使用できません：<problem>。"),
    Pattern(
      en: "it refuses <share:number> of the harmless questions (the untuned model <usual:number>)",
      ja: "無害な質問の<share>を拒否（調整前のモデルは<usual>）"),
    Pattern(
      en: "it answers <share:number> of the quiz that the untuned model can answer",
      ja: "調整前のモデルが答えられるクイズの<share>にしか正答しない"),
    Pattern(en: "there was no attack to tune on", ja: "調整に使う攻撃がない"),
    Pattern(
      en: "No variant can be recommended: none could be made and used.", ja: "作成して使用できた調整版がないため、推奨できるものはありません。"),
    Pattern(
      en: "No variant can be recommended: each loses more than <share:number> in harmless answers or in the quiz.",
      ja: "どの調整版も無害な質問への回答またはクイズで<share>を超えて悪化しているため、推奨できるものはありません。"),
    Pattern(
      en:
        "No variant can be recommended: the best, <variant>, is not convincingly harder to break than the untuned model "
        + "(<change:number> points).",
      ja: "最良の<variant>も、調整前のモデルより突破されにくいとは言えないため（<change>ポイント）、推奨できるものはありません。"),
    Pattern(
      en:
        "Take <variant>: over all attack methods, adapted to it, <rate:number> of attacks succeed <bounds:number> against "
        + "<before:number> on the untuned model (<change:number> points).",
      ja: "<variant>を推奨します。適応した全攻撃手法での攻撃成功率は<rate> <bounds>、調整前のモデルは<before>です（<change>ポイント）。"),
    Pattern(
      en:
        "It refuses <refusals:number> points more of the harmless questions and answers <quiz:number> points more of the quiz.",
      ja: "無害な質問の拒否率の変化は<refusals>ポイント、クイズの正答率の変化は<quiz>ポイントです。"),
    Pattern(
      en: "Its lead isn't certain: the intervals of <variants> overlap with its own.",
      ja: "優位は確実ではありません（<variants>の区間と重なっています）。"),
    Pattern(
      en: "Left aside for what they lose elsewhere: <variants>.", ja: "他の面での悪化により対象外としたもの：<variants>。"),
  ]
}
