extension Recorded {
  /// What models that rewrite attacks did.
  static let rewriting: [Pattern] =
    [
      Pattern(
        en:
          "Of <n:number> attacks <done:number> (<share:number>) were rewritten by <transform>; at least "
          + "<least:number> have to be.",
        ja: "<n>件の攻撃のうち<done>件（<share>）が<transform>で書き換えられています（<least>以上が必要）。"),
      Pattern(
        en:
          "Of <n:number> attacks <done:number> (<share:number>) were rewritten by <transform>; at least "
          + "<least:number> have to be (the rewriter: <reasons:phrases>).",
        ja: "<n>件の攻撃のうち<done>件（<share>）が<transform>で書き換えられています（<least>以上が必要。書き換えモデルの結果：<reasons>）。"),
      Pattern(
        en: "Name a rewriter that does what it is asked (suite.rewriter), or take <transform> out of suite.transforms.",
        ja: "指示どおりに書き換えるモデルを指定するか（suite.rewriter）、<transform>をsuite.transformsから外してください。"),
      Pattern(
        en:
          "<transform>: <lost:number> of <n:number> attacks were not rewritten and count as missing "
          + "(<reasons:phrases>).",
        ja: "<transform>：<n>件中<lost>件の攻撃は書き換えられなかったため、欠落に数えます（<reasons>）。"),
      Pattern(
        en: "<n:number> rewritten <attack has|attacks have> the text of another one and <is|are> left out.",
        ja: "書き換えた攻撃のうち<n>件は、他の攻撃と同文のため除外しました。"),
      Pattern(
        en: "not rewritten by <transform>: the rewriter <reason:phrase>", ja: "<transform>による書き換えなし（<reason>）"),
      Pattern(
        en:
          "The candidate rewrites its own attacks (suite.rewriter): the next candidate will rewrite them "
          + "otherwise, and a model that would fall for a request may spoil it first.",
        ja:
          "候補モデルが自身への攻撃を書き換えています（suite.rewriter）。次の候補モデルでは書き換えが変わり、要求に応じてしまうモデルほど書き換えの段階で要求を損なうおそれがあります。"
      ),
      Pattern(
        en:
          "<n:number> attacks are rewritten by a model, and there is no ledger with their texts (<path>): they "
          + "are missing.",
        ja: "<n>件の攻撃はモデルが書き換えるもので、その文を持つ台帳がないため（<path>）、欠落とします。"),
      Pattern(
        en: "<n:number> attacks are rewritten by a model, and no run of this policy has ended yet: they are missing.",
        ja: "<n>件の攻撃はモデルが書き換えるもので、このポリシーの実行がまだ完了していないため、欠落とします。"),
      Pattern(
        en:
          "<n:number> rewritten attacks are left out: a model rewrites them, and no text of its is in both runs alike.",
        ja: "モデルが書き換えた<n>件の攻撃は、両方の実行に共通する文がないため除外しました。"),
      Pattern(en: "and others", ja: "ほか"),
      Pattern(
        en:
          "<n:number> of <m:number> turns that conversations asked for could not be used (the driver: "
          + "<reasons:phrases>).",
        ja: "会話のために求めた<m>件の発話のうち<n>件は使えませんでした（進行役モデルの結果：<reasons>）。"),
      Pattern(
        en:
          "The candidate writes the conversations that attack it (attacker.driver): the next candidate will write "
          + "others, and a model that can't lead a conversation finds no weakness of its own.",
        ja:
          "候補モデルが自身を攻撃する会話を書いています（attacker.driver）。次の候補モデルでは会話が変わり、会話を主導できないモデルは自身の弱点を見つけられません。"
      ),
    ]
    + problems.flatMap { en, ja in
      [Pattern(en: "<n:number> \(en)", ja: "\(ja) <n>件"), Pattern(en: en, ja: ja)]
    }

  /// To complete "The rewriter …".
  private static let problems = [
    ("declined", "拒否"), ("was stopped by a filter", "フィルターによる遮断"), ("was not asked", "未実施"),
    ("was cut off (raise its max_tokens)", "応答の打ち切り（max_tokensを増やしてください）"),
    ("could not be asked: <why>", "問い合わせの失敗：<why>"), ("gave no answer: <why:phrase>", "回答なし：<why>"),
    ("gave no text between the marks that it was told", "指定の記号で囲まれた文がない"), ("gave an empty text", "空の文"),
    ("left the text as it was", "元の文のまま"), ("repeated its instructions", "指示文の繰り返し"),
    ("wrote far more than the text says", "元の文よりはるかに長い文"),
    ("kept no word of what the text is about", "元の文の語を含まない文"),
    ("left the text in its own language", "翻訳されていない文"),
    ("said the same of attacks that are not alike", "異なる攻撃に対する同一の文"),
    ("gave the text of another attack", "別の攻撃と同じ文"), ("gave an empty turn", "空の発話"),
    ("wrote far more than a turn", "長すぎる発話"), ("repeated an earlier turn", "前の発話の繰り返し"),
    ("gave no turn between the marks that it was told", "指定の記号で囲まれた発話がない"),
    ("began a turn with a control character", "制御文字で始まる発話"),
    ("has no room for the conversation", "会話が長すぎて入らない"),
  ]
}
