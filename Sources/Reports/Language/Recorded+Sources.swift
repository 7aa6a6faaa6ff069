extension Recorded {
  /// What was read of texts that are longer than a model's context.
  static let reading: [Pattern] = [
    Pattern(
      en:
        "The judge <judge> read <n:number> <transcript|transcripts> longer than its context of <context:number> "
        + "tokens in <windows:number> overlapping windows; the worst window of each counts.",
      ja: "判定器<judge>は、コンテキスト長<context>トークンを超える対話<n>件を、重なり合う<windows>個の区間に分けて読みました。各対話は最も有害な区間で判定します。"),
    Pattern(
      en:
        "The judge <judge> read the first <most:number> windows of <n:number> <transcript|transcripts> and not "
        + "the rest: those without an unsafe window are unscored.",
      ja: "判定器<judge>は、対話<n>件について最初の<most>区間だけを読みました。そのうち有害な区間がない対話は未採点です。"),
    Pattern(
      en:
        "The embedder compared <n:number> <text|texts> by the first <tokens:number> tokens alone, the most that "
        + "it reads: likeness there says nothing of what follows.",
      ja: "埋め込みモデルは<n>件の文を、読み込める上限の先頭<tokens>トークンだけで比較しました。それ以降の類否は分かりません。"),
    Pattern(en: "the classifier has no tokens for the response", ja: "分類器が応答を読めない"),
  ]

  /// What results of other harnesses were read as, and how they meet the suite.
  static let elsewhere: [Pattern] =
    results + [
      Pattern(
        en: "Both files name one model; where it is one, comparing it with itself shows nothing.",
        ja: "2つのファイルのモデル名が同じです。同一のモデルであれば、自身との比較では何も示せません。"),
      Pattern(
        en:
          "<n:number> <prompt stands|prompts stand> under other categories in the baseline's results than in the "
          + "candidate's; there each is an attack of its own, and missing on the other side.",
        ja: "<n>件のプロンプトは、基準モデルと候補モデルの結果でカテゴリーが異なります。それぞれ別の攻撃とみなし、他方では欠落とします。"),
      Pattern(
        en:
          "The outcomes call none of the <n:number> <attack|attacks> in <path> by its identifier or prompt, so "
          + "nobody can tell which are missing: give each line its prompt.",
        ja: "結果には<path>の攻撃<n>件の識別子もプロンプトもないため、どれが欠落しているか分かりません。各行にpromptを付けてください。"),
      Pattern(
        en:
          "The outcomes call none of the <n:number> <attack|attacks> in <path> by its identifier or prompt, so "
          + "nobody can tell which are missing: give each line its prompt. At least <k:number> must be, since the lines "
          + "without one can mean <m:number> at most; that many count against a pass.",
        ja:
          "結果には<path>の攻撃<n>件の識別子もプロンプトもないため、どれが欠落しているか分かりません。各行にpromptを付けてください。プロンプトのない行が指しうるのは最大<m>件なので、少なくとも<k>件は欠落しており、不利に数えます。"
      ),
      met("<missing>; <strangers>", "<missing>。<strangers>", isFar: true),
      met("<strangers>", "<strangers>", isFar: true),
      met("<missing>; <strangers>", "<missing>。<strangers>"), met("<missing>", "<missing>"),
      met("<strangers>", "<strangers>"),
      Pattern(
        en: "<k:number> <is missing and counts|are missing and count> against a pass",
        ja: "<k>件は欠落として不利に数えます"),
      Pattern(
        en: "of the <asked:number> <attack|attacks> in the outcomes <k:number> <is|are> not in it",
        ja: "結果にある攻撃<asked>件のうち<k>件はスイートにありません"),
    ] + reasons

  /// - Parameters:
  ///   - en: what is left over on either side.
  ///   - isFar: whether most of the suite is not met.
  private static func met(_ en: String, _ ja: String, isFar: Bool = false) -> Pattern {
    let phrases = en.replacing("<missing>", with: "<missing:phrase>").replacing(
      "<strangers>", with: "<strangers:phrase>")
    return Pattern(
      en: "Of the <n:number> <attack|attacks> in <path> the outcomes are about <m:number>; \(phrases)."
        + (isFar
          ? " Where the harness words its prompts otherwise, name a suite with those as suite.seeds." : ""),
      ja: "<path>の攻撃<n>件のうち、結果があるのは<m>件です。\(ja)。"
        + (isFar ? "ツール側でプロンプトの文面が異なる場合は、その文面のスイートをsuite.seedsに指定してください。" : ""))
  }

  private static let results: [Pattern] =
    [" (<model>)", ""].flatMap { model in
      let (en, ja) = (
        "<path> was read as <harness>'s results: <n:number> <response|responses> of the <role:role>\(model) to "
          + "<a:number> <attack|attacks>",
        "<path>を<harness>の結果として読み込みました：<role>\(model.isEmpty ? "" : "（<model>）")の応答<n>件、攻撃<a>件"
      )
      return [
        Pattern(en: en + "; unsafe is the <scale:phrase>.", ja: ja + "。有害とみなすのは<scale>。"),
        Pattern(en: en + ".", ja: ja + "。"),
      ]
    } + scales

  private static let scales: [Pattern] = [
    Pattern(
      en:
        "<end:phrase> end of <score:phrase> on a scale from <from:number> to <to:number>, and no response "
        + "reaches the middle of it",
      ja: "<score>（尺度<from>〜<to>）の<end>側です（中央に達した応答はありません）"),
    Pattern(
      en: "<end:phrase> end of <score:phrase> on a scale from <from:number> to <to:number>",
      ja: "<score>（尺度<from>〜<to>）の<end>側です"),
    Pattern(en: "the score", ja: "スコア"), Pattern(en: "high", ja: "高い"), Pattern(en: "low", ja: "低い"),
  ]

  /// Why responses have no verdict.
  private static let reasons: [Pattern] = [
    Pattern(en: "the response is empty", ja: "応答が空"), Pattern(en: "the sample was not scored", ja: "採点なし"),
    Pattern(en: "the sample was invalidated", ja: "無効化された試行"),
    Pattern(en: "the sample ended with an error", ja: "試行がエラーで終了"),
    Pattern(en: "a detector gave no score", ja: "検出器のスコアなし"),
    Pattern(en: "no detector looked at the output", ja: "検出器による検査なし"),
    Pattern(en: "the test case has no score", ja: "スコアのないテストケース"),
    Pattern(en: "the metric has no value", ja: "指標の値なし"),
    Pattern(en: "the response has no reward", ja: "報酬の値なし"),
    Pattern(en: "no verdict in the outcomes", ja: "結果に判定なし"),
    Pattern(en: "no response in the outcomes", ja: "結果に応答なし"),
  ]
}
