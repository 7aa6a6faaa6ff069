extension Recorded {
  /// What weakens a verdict.
  static let weakenings: [Pattern] = [
    Pattern(
      en: "The policy allows errors up to <most:number> in each stage (usually 5%).",
      ja: "ポリシーは各ステージのエラーを<most>まで許容しています（通常は5%）。"),
    Pattern(
      en: "The policy asks for <least:number> of the planned responses (usually 95%).",
      ja: "ポリシーが求める応答の網羅率は<least>です（通常は95%）。"),
    Pattern(
      en: "The policy asks for no proof that the models answer what they are asked.",
      ja: "ポリシーはモデルが質問に答えていることの確認を求めていません。"),
    Pattern(
      en: "The policy asks for no proof that the judges were awake.", ja: "ポリシーは判定器の動作確認を求めていません。"),
    Pattern(
      en: "The policy asks for no proof that the attacker was awake.", ja: "ポリシーは攻撃器の動作確認を求めていません。"),
    Pattern(
      en: "The attacker counts as awake where it finds <least:number> of the control's weaknesses (usually 25%).",
      ja: "対照モデルの弱点の<least>を発見すれば、攻撃器は機能していたとみなします（通常は25%）。"),
    Pattern(
      en: "The policy asks for <confidence:number> confidence alone.", ja: "ポリシーが求める信頼水準は<confidence>にとどまります。"),
    Pattern(
      en: "Checks were decided on point estimates, without intervals: no error rate is promised.",
      ja: "チェックは区間ではなく点推定値で判定したため、誤り率は保証されません。"),
    Pattern(
      en: "The policy lets an inconclusive verdict pass.", ja: "ポリシーは判定保留でも通します。"),
    Pattern(
      en: "The policy only observes (mode: observe): no verdict blocks, and none is attested as a pass.",
      ja: "ポリシーは観察のみです（mode: observe）。どの判定でもリリースを止めず、合格として署名することもありません。"),
    Pattern(en: "Values of the policy were overridden: <values:phrases>.", ja: "ポリシーの値を上書きしています：<values>。"),
    Pattern(
      en: "The reward judge confirms its own rewards: attacks that only fool this judge count as confirmed.",
      ja: "報酬用の判定器が自身の報酬を確認しています。この判定器を欺くだけの攻撃も「確認」に数えられます。"),
    Pattern(
      en:
        "Fresh attacks count only where they work more often than <rate:number> of the time (fresh.confirm.rate): an attack that "
        + "works half of the time doesn't.",
      ja: "新規の攻撃は成功率が<rate>を超えるものだけを数えます（fresh.confirm.rate）。半分の確率で成功する攻撃は数えません。"),
    Pattern(
      en: "--threshold <threshold:number> is looser than the policy's judge (<usual:number>).",
      ja: "--threshold <threshold>はポリシーの判定器（<usual>）より緩い値です。"),
    Pattern(
      en: "<name> can't fail: no value is outside <limit:phrase>.", ja: "<name>は不合格になりえません（どの値も「<limit>」を満たします）。"),
    Pattern(
      en:
        "The search confirmed <n:number> attacks on the candidate (<unique:number> different ones), and no check looks at them.",
      ja: "探索で候補モデルへの攻撃を<n>件（異なるもの<unique>件）確認しましたが、これらを対象とするチェックがありません。"),
    Pattern(
      en: "Attacks rewritten by <transform> were asked, and no check looks at them.",
      ja: "<transform>で書き換えた攻撃を実施しましたが、これらを対象とするチェックがありません。"),
    Pattern(
      en: "<name> fails and is waived until <day> by <owner>: <reason>",
      ja: "<name>は不合格ですが、<owner>により<day>まで適用除外：<reason>"),
    Pattern(
      en:
        "A content filter stopped <blocked:number> of <planned:number> responses of the <role:role> in stage <stage>: they tell of "
        + "the filter and not of the model.",
      ja: "ステージ<stage>の<role>の応答<planned>件のうち<blocked>件をコンテンツフィルターが遮断しました。これらが示すのはモデルではなくフィルターの働きです。"),
    Pattern(
      en:
        "Nothing shows that the judge <judge> (<use>) sees what is unsafe: no transcript of its own was planted for it.",
      ja: "判定器<judge>（<use>）が有害なものを見分けることを示すものがありません。この判定器のための対話が仕込まれていません。"),
    Pattern(
      en:
        "Nothing shows that the rule at <place> can match: it has no example, and none could be made from its pattern.",
      ja: "<place>のルールが一致しうることを示すものがありません（例がなく、パターンからも作れません）。"),
  ]

  /// What a reader has to know.
  static let notices: [Pattern] = [
    Pattern(en: "<name> fails; it is advisory, and decides nothing.", ja: "<name>は不合格ですが、参考チェックのため判定には影響しません。"),
    Pattern(
      en: "<name> is undecided; it is advisory, and decides nothing.", ja: "<name>は判定保留ですが、参考チェックのため判定には影響しません。"),
    Pattern(en: "<name> passes: the waiver of <owner> isn't needed.", ja: "<name>は合格のため、<owner>の適用除外は不要です。"),
    Pattern(
      en: "<name> is undecided, and its waiver covers a failure only: what isn't known can't be waived.",
      ja: "<name>は判定保留です。適用除外は不合格だけを対象とし、不明なものは除外できません。"),
    Pattern(
      en:
        "No human labels say how often the judge errs. An error of 10% either way would shrink a difference between the models "
        + "to <share:number> of itself.",
      ja: "判定器がどの程度誤るかを示す人手ラベルがありません。双方向に10%の誤りがあると、モデル間の差は<share>に縮小されて見えます。"),
    Pattern(
      en:
        "Larger clusters of attacks succeed more, or less, often than small ones: rates that count every attack once can't be "
        + "relied on beyond this suite; read those that count every cluster once (weight: clusters).",
      ja: "攻撃のクラスターの大きさによって成功率が異なります。攻撃ごとに数えた割合はこのスイートの外では信頼できないため、クラスターごとに数えた割合（weight: clusters）を参照してください。"),
    Pattern(
      en:
        "Replay stopped after <n:number> of <all:number> attacks, when every check on it was decided: <saved:number> responses "
        + "were not needed (--no-early-stop asks them all).",
      ja: "リプレイのチェックがすべて判定できたため、<all>件中<n>件の攻撃でリプレイを終了しました。応答<saved>件が不要になりました（--no-early-stopで全件を実施します）。"),
    Pattern(
      en:
        "Nothing identifies the served bytes of <models:phrases>: no response of an earlier run was reused. Give revision: in the policy "
        + "where you know what is served.",
      ja: "<models>の提供するバイト列を特定できないため、以前の実行の応答は再利用していません。提供内容が分かる場合はポリシーでrevision:を指定してください。"),
    Pattern(
      en:
        "Candidate and baseline are served under one name and differ in their settings alone (system prompt, template or sampling).",
      ja: "候補モデルと基準モデルは同じ名前で提供され、違いは設定（システムプロンプト、テンプレートまたはサンプリング）だけです。"),
    Pattern(
      en: "1 attack claimed on the <role:role> model was not asked again, since the budget was used up.",
      ja: "<role>で申告された攻撃1件は、予算を使い切ったため再確認していません。"),
    Pattern(
      en: "<n:number> attacks claimed on the <role:role> model were not asked again, since the budget was used up.",
      ja: "<role>で申告された攻撃<n>件は、予算を使い切ったため再確認していません。"),
    Pattern(en: "The <role:role> model: <notice:phrase>", ja: "<role>：<notice>"),
    Pattern(en: "The judge <judge>: <notice:phrase>", ja: "判定器<judge>：<notice>"),
    Pattern(
      en: "A provider's filter stopped responses of <model> and said: <words>",
      ja: "提供者のフィルターが<model>の応答を遮断しました。メッセージ：<words>"),
    Pattern(
      en: "<asked> was asked for, and the server says that <named> answered: another model may be behind the address.",
      ja: "<asked>に質問しましたが、サーバーは<named>が応答したとしています。別のモデルが応答している可能性があります。"),
    Pattern(
      en: "<model> refuses '<key>' and answers at a value of its own.", ja: "<model>は「<key>」の指定を受け付けず、独自の値で応答します。"),
    Pattern(
      en:
        "<n:number> attacks that earlier searches found are not replayed: no check is on them (found.asr, found.regression, "
        + "found.newly_broken; sluice suite promote moves them into the suite file).",
      ja:
        "過去の探索で発見した<n>件の攻撃は、対象とするチェックがないためリプレイしていません（found.asr、found.regression、found.newly_broken。sluice suite promoteでスイートに移せます）。"
    ),
    Pattern(
      en:
        "1 attack that earlier searches found is not replayed: no check is on it (found.asr, found.regression, "
        + "found.newly_broken; sluice suite promote moves them into the suite file).",
      ja:
        "過去の探索で発見した1件の攻撃は、対象とするチェックがないためリプレイしていません（found.asr、found.regression、found.newly_broken。sluice suite promoteでスイートに移せます）。"
    ),
    Pattern(
      en: "The suite says some things twice: <parts:phrases>.", ja: "スイートに重複があります：<parts>。"),
    Pattern(
      en: "<n:number> of <all:number> attacks copy the wording of another one and count as one with it",
      ja: "<all>件中<n>件の攻撃は他の攻撃と同文のため、合わせて1件と数えます"),
    Pattern(
      en: "1 cluster is a near-copy of another and was joined with it", ja: "1個のクラスターは他とほぼ同一のため統合しました"),
    Pattern(
      en: "<n:number> clusters are near-copies of others and were joined with them", ja: "<n>個のクラスターは他とほぼ同一のため統合しました"),
    Pattern(
      en:
        "<n:number> rewritten <attack|attacks> of suite.transforms <has|have> the text of another attack and <is|are> left out.",
      ja: "suite.transformsで書き換えた攻撃のうち<n>件は、他の攻撃と同文のため除外しました。"),
    Pattern(
      en: "<n:number> of <all:number> <attack|attacks> <is a conversation|are conversations>: asking each once takes "
        + "<requests:number> <request|requests>, and more where tools are called.",
      ja: "<all>件中<n>件の攻撃は対話です。各1回の実施に<requests>件の要求が必要です（ツール呼び出しがあればさらに増えます）。"),
    Pattern(
      en: "<n:number> of <all:number> <attack|attacks> <is a conversation|are conversations>: asking each once takes "
        + "<requests:number> <request|requests>, and more where tools are called; <systems:number> with a system prompt in place "
        + "of the target's own.",
      ja: "<all>件中<n>件の攻撃は対話です。各1回の実施に<requests>件の要求が必要です（ツール呼び出しがあればさらに増えます）。うち<systems>件は対象モデルのものに代わるシステムプロンプトを持ちます。"),
    Pattern(
      en: "A run serves <whom> itself: <command> (GET <ready> within <seconds:number> s).",
      ja: "実行が<whom>を自ら起動します：<command>（<seconds>秒以内にGET <ready>）。"),
    Pattern(
      en: "The <role:role> model <name> is not the one of run <run>: its files changed.",
      ja: "<role> <name>は実行<run>のものとは異なります（ファイルが変更されています）。"),
    Pattern(
      en: "The <use> judge changed since run <run>: compare their numbers with care.",
      ja: "判定器（<use>）が実行<run>から変わっています。数値の比較には注意してください。"),
    Pattern(
      en: "The judge <judge> gave <n:number> replies (<tokens:number> tokens).",
      ja: "判定器<judge>の回答は<n>件（<tokens>トークン）です。"),
    Pattern(
      en: "The judge <judge> gave <n:number> replies and none to <failures:number> requests (<tokens:number> tokens).",
      ja: "判定器<judge>の回答は<n>件、無回答の要求は<failures>件です（<tokens>トークン）。"),
    Pattern(
      en:
        "Decided on outcomes collected elsewhere (<file>): Sluice asked no model, saw no response and can't tell whether the "
        + "judge was awake.",
      ja: "ほかで収集された結果（<file>）に基づく判定です。Sluiceはモデルに問い合わせておらず、応答も見ていないため、判定器が機能していたかは分かりません。"),
    Pattern(
      en:
        "Attacks have <fewest:number> to <most:number> responses of the <role:role>, so <planned:number> were planned for each and "
        + "<lacking:number> <response counts|responses count> as missing; suite.responses states how many were planned.",
      ja: "攻撃あたりの<role>の応答は<fewest>〜<most>件です。各<planned>件の計画とみなし、<lacking>件を欠落に数えます（計画数はsuite.responsesで指定します）。"),
    // Of comparisons.
    Pattern(en: "Run <run> did not replay the suite.", ja: "実行<run>はスイートをリプレイしていません。"),
    Pattern(en: "A run does not say which suite it replayed.", ja: "リプレイしたスイートの記録がない実行があります。"),
    Pattern(
      en: "They replayed other suites (<first> and <second>): their rates are no trend.",
      ja: "リプレイしたスイートが異なるため（<first>と<second>）、割合を比較できません。"),
    Pattern(en: "A run does not say which judge confirmed.", ja: "確認用の判定器の記録がない実行があります。"),
    Pattern(
      en: "Other judges confirmed: a difference may be theirs.", ja: "確認用の判定器が異なるため、差は判定器によるものかもしれません。"),
    Pattern(
      en: "A run does not say under which settings its candidate was asked.", ja: "候補モデルの設定の記録がない実行があります。"),
    Pattern(
      en:
        "Their candidates were asked under other settings (<first>; <second>): a difference may be theirs. --any-settings "
        + "compares them as a part of the model.",
      ja: "候補モデルの設定が異なるため（<first>；<second>）、差は設定によるものかもしれません。--any-settingsで設定もモデルの一部として比較できます。"),
    Pattern(
      en:
        "<n:number> responses are the same ones in both runs, since they asked one model under one name and settings: that says "
        + "nothing of a difference.",
      ja: "両方の実行が同じ名前と設定で同じモデルに問い合わせており、<n>件の応答が共通のため、差については何も言えません。"),
    Pattern(
      en: "Near-copies are told by wording alone, and rewritten attacks are left out (--suite).",
      ja: "ほぼ同一の攻撃は文面だけで判別し、書き換えた攻撃は除外しています（--suite）。"),
    Pattern(
      en:
        "<n:number> of <all:number> planned responses of run <run> have no verdict here (replay stopped early, a filter "
        + "withheld them, they failed, or were purged): they count against either conclusion. A run with --no-early-stop asks everything.",
      ja:
        "実行<run>の計画した応答<all>件のうち<n>件に判定がありません（リプレイの早期終了、フィルターによる遮断、失敗または消去のため）。いずれの結論に対しても不利に数えます。--no-early-stopの実行では全件を取得します。"
    ),
  ]
}
