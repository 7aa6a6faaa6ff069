extension Recorded {
  /// Why a check or a run is decided as it is.
  static let decisions: [Pattern] = [
    Pattern(
      en: "Stage <stage> was not asked for.", ja: "ステージ<stage>は実行対象外です。"),
    Pattern(en: "Nothing was measured.", ja: "測定されていません。"),
    Pattern(
      en: "<interval:number> is not <limit:phrase>: the run itself does not show enough.",
      ja: "<interval>は「<limit>」を満たしません。この実行自体の証拠が不足しています。"),
    Pattern(en: "<interval:number> is not <limit:phrase>.", ja: "<interval>は「<limit>」を満たしません。"),
    Pattern(en: "<interval:number> is <limit:phrase>.", ja: "<interval>は「<limit>」を満たします。"),
    Pattern(
      en: "<interval:number> does not decide <limit:phrase>; more evidence is needed.",
      ja: "<interval>では「<limit>」を判定できません。さらに証拠が必要です。"),
    Pattern(en: "Nothing can be said: <method:phrase>.", ja: "何も判断できません：<method>。"),
    Pattern(en: "between <low:number> and <high:number>", ja: "<low>以上<high>以下"),
    Pattern(en: "at least <low:number>", ja: "<low>以上"),
    Pattern(en: "at most <high:number>", ja: "<high>以下"),
    Pattern(en: "without limit", ja: "制限なし"),
    Pattern(
      en: "The variant <variant> can't be used: <problem:phrase>.", ja: "調整版<variant>は使用できません：<problem>。"),
    Pattern(
      en: "The policy has no checks: nothing was decided.", ja: "ポリシーにチェックがないため、何も判定されていません。"),
    Pattern(
      en: "No check can find the candidate wanting: nothing was decided about it.",
      ja: "候補モデルの不備を検出できるチェックがないため、候補モデルについては何も判定されていません。"),
    Pattern(
      en:
        "Every check that could find the candidate wanting fails and is waived: nothing is left that shows that it may ship.",
      ja: "候補モデルの不備を検出できるチェックはすべて不合格で適用除外されており、リリース可能と示すものが残っていません。"),
    Pattern(en: "The check is satisfied.", ja: "チェックは合格です。"),
    Pattern(en: "All <n:number> checks are satisfied.", ja: "<n>件のチェックはすべて合格です。"),
    Pattern(
      en: "The check that decides is satisfied; <others:phrases>.", ja: "判定に用いるチェックは合格です（<others>）。"),
    Pattern(
      en: "All <n:number> checks that decide are satisfied; <others:phrases>.",
      ja: "判定に用いる<n>件のチェックはすべて合格です（<others>）。"),
    Pattern(en: "<n:number> failing <check is|checks are> waived", ja: "不合格<n>件は適用除外"),
    Pattern(en: "<n:number> only <advises|advise>", ja: "<n>件は参考"),
    Pattern(en: "The run did not end.", ja: "実行が完了していません。"),
    Pattern(en: "The run did not end: <why:phrase>.", ja: "実行が完了していません：<why>。"),
    Pattern(
      en: "interrupted; everything answered so far is stored", ja: "中断されました（それまでの応答は保存済みです）"),
    Pattern(
      en: "Go on with: <command> (with --set budget.wall_clock=… for a longer one)",
      ja: "続行するには：<command>（制限時間を延ばす場合は--set budget.wall_clock=…を追加）"),
    Pattern(
      en: "the budget's wall clock (<seconds:number> s) is spent", ja: "予算の制限時間（<seconds>秒）を使い切りました"),
    Pattern(en: "Go on with: <command>", ja: "続行するには：<command>"),
    Pattern(
      en: "It passes only because --threshold is looser than the policy's judge (<usual:number>).",
      ja: "合格となるのは、--thresholdがポリシーの判定器（<usual>）より緩いためだけです。"),
    // Since when.
    Pattern(
      en: "<name> fails for the first time since it passed in run <run> of <day>.",
      ja: "<name>は、実行<run>（<day>）で合格して以来、初めて不合格となりました。"),
    Pattern(
      en: "<name> has failed since run <run> of <day>, and passed in no run that is looked at.",
      ja: "<name>は実行<run>（<day>）から不合格が続いており、参照した範囲で合格した実行はありません。"),
    Pattern(
      en: "<name> has failed since run <run> of <day>; it passed last in run <passed> of <last>.",
      ja: "<name>は実行<run>（<day>）から不合格が続いています。最後の合格は実行<passed>（<last>）です。"),
    // What a metric's explanation adds.
    Pattern(
      en: "by a jump of at least <effect:number> in success rate.", ja: "成功率が<effect>以上上がったものを数えます。"),
    Pattern(
      en: "with all attacks rewritten by <transform>.", ja: "攻撃はすべて<transform>で書き換えたものです。"),
    Pattern(
      en: "An attack is confirmed where its success rate is above <rate:number> with confidence <confidence:number>: "
        + "<needed:number> of at most <responses:number> fresh responses are unsafe.",
      ja: "成功率が信頼水準<confidence>で<rate>を超える攻撃を「確認」とします（新しい応答最大<responses>件のうち<needed>件が有害）。"),
  ]

  /// What would decide a check.
  static let remedies: [Pattern] = [
    Pattern(en: "Run stage <stage> as well.", ja: "ステージ<stage>も実行してください。"),
    Pattern(
      en: "<n:number> responses have no verdict and count against it: obtain these first.",
      ja: "判定のない応答<n>件が不利に数えられています。まずこれらを取得してください。"),
    Pattern(
      en:
        "What was measured lies at the limit itself: no amount of evidence tells it from there; settle for another limit.",
      ja: "測定値が制限そのものにあり、証拠をいくら増やしても区別できません。別の制限を検討してください。"),
    Pattern(
      en:
        "Look more often at the attacks that are open (suite.confirm_responses), or count larger jumps alone (effect).",
      ja: "未判定の攻撃の応答数を増やす（suite.confirm_responses）か、より大きな変化だけを数えてください（effect）。"),
    Pattern(
      en:
        "About <n:number> more <restart|restarts> (attacker.restarts), each with the same budget, if they find as many.",
      ja: "同じ予算の再スタート（attacker.restarts）があと約<n>回必要です（同程度に発見できる場合）。"),
    Pattern(
      en:
        "What was measured is very near the limit: it would take more than <times:number> times the evidence; settle for "
        + "another limit.",
      ja: "測定値が制限のごく近くにあり、<times>倍を超える証拠が必要です。別の制限を検討してください。"),
    Pattern(
      en: "About <n:number> more harmless <question|questions>, if they are refused as often.",
      ja: "無害な質問があと約<n>件必要です（同程度に拒否される場合）。"),
    Pattern(
      en: "About <n:number> more <response|responses>, if as many of them fail.", ja: "応答があと約<n>件必要です（同程度に失敗する場合）。"),
    Pattern(
      en:
        "About <n:number> more <attack|attacks> of kinds that the suite does not have yet (clusters), if they succeed as "
        + "often; more responses to the same attacks hardly help.",
      ja: "スイートにまだない種類（クラスター）の攻撃があと約<n>件必要です（同程度に成功する場合）。同じ攻撃への応答を増やしても、ほとんど効果はありません。"),
    Pattern(
      en: "Write the threshold into the policy (judges.confirm.threshold), where a review sees it.",
      ja: "しきい値はレビューの対象になるよう、ポリシー（judges.confirm.threshold）に記載してください。"),
  ]

  /// The checks that need no asking.
  static let validity: [Pattern] = [
    Pattern(
      en:
        "<lost:number> of <asked:number> responses (<share:number>) failed or have no verdict; at most <most:number> may.",
      ja: "<asked>件の応答のうち<lost>件（<share>）が失敗または未採点です（許容は<most>まで）。"),
    Pattern(
      en: "Mend what keeps <role:role> responses in stage <stage> from a verdict: <reason>.",
      ja: "ステージ<stage>で<role>の応答が判定に至らない原因を解消してください：<reason>。"),
    Pattern(
      en: "Mend what keeps <role:role> responses in stage <stage> from a verdict.",
      ja: "ステージ<stage>で<role>の応答が判定に至らない原因を解消してください。"),
    Pattern(
      en:
        "Of <planned:number> planned responses <known:number> (<share:number>) are known; at least <least:number> have to be.",
      ja: "計画した<planned>件の応答のうち<known>件（<share>）の結果が判明しています（<least>以上が必要）。"),
    Pattern(
      en:
        "<n:number> planned responses of the <role:role> are not there: ask for them, or plan fewer (suite.responses).",
      ja: "<role>の計画した応答のうち<n>件がありません。取得するか、計画数を減らしてください（suite.responses）。"),
    Pattern(
      en: "Mend what keeps responses of the <role:role> from a verdict.", ja: "<role>の応答が判定に至らない原因を解消してください。"),
    Pattern(
      en:
        "Of <attacks:number> different attacks <repeated:number> (<share:number>) got an answer that the <role:role> gives to "
        + "others word for word; at most <most:number> may.",
      ja: "<attacks>件の異なる攻撃のうち<repeated>件（<share>）に、<role>はほかの攻撃と同じ文面で応答しました（許容は<most>まで）。"),
    Pattern(
      en:
        "Look at what the <role:role> answers (`sluice export --format jsonl --revealed`): mend a target that errs, echoes or "
        + "is a stub; where it declines in those words, let the rules tell refusals of that kind (refusal).",
      ja:
        "<role>の応答を確認してください（`sluice export --format jsonl --revealed`）。エラー、エコー、スタブであれば対象を修正し、"
        + "その文面で拒否しているのであれば、判定ルールに拒否の文面（refusal）を追加してください。"),
    Pattern(
      en: "<judge> flagged <flagged:number> of <unsafe:number> planted transcripts and let <passed:number> of "
        + "<harmless:number> harmless ones pass. It is blind to: <blind>.",
      ja: "<judge>は仕込んだ有害な対話<unsafe>件中<flagged>件を検出し、無害な対話<harmless>件中<passed>件を通しました。検出できないカテゴリー：<blind>。"),
    Pattern(
      en: "<judge> flagged <flagged:number> of <unsafe:number> planted transcripts and let <passed:number> of "
        + "<harmless:number> harmless ones pass.",
      ja: "<judge>は仕込んだ有害な対話<unsafe>件中<flagged>件を検出し、無害な対話<harmless>件中<passed>件を通しました。"),
    Pattern(
      en: "<judge> flagged <flagged:number> of <unsafe:number> planted transcripts. It is blind to: <blind>.",
      ja: "<judge>は仕込んだ有害な対話<unsafe>件中<flagged>件を検出しました。検出できないカテゴリー：<blind>。"),
    Pattern(
      en: "<judge> flagged <flagged:number> of <unsafe:number> planted transcripts.",
      ja: "<judge>は仕込んだ有害な対話<unsafe>件中<flagged>件を検出しました。"),
    Pattern(
      en: "It flags what is harmless: mend its rubric, labels or threshold.",
      ja: "無害なものを有害と判定しています。判定基準、ラベルまたはしきい値を修正してください。"),
    Pattern(
      en: "It does not see what it has to: mend the judge, or its examples where they are wrong.",
      ja: "検出すべきものを検出していません。判定器を修正するか、例が誤っていれば例を修正してください。"),
    Pattern(
      en: "No transcript was planted for <judge>; it called <n:number> responses of this run unsafe.",
      ja: "<judge>には対話を仕込んでいませんが、この実行の応答<n>件を有害と判定しています。"),
    Pattern(
      en: "No transcript was planted for <judge>, and it called nothing unsafe: it may have been asleep.",
      ja: "<judge>には対話を仕込んでおらず、有害と判定した応答もありません。機能していなかった可能性があります。"),
    Pattern(
      en:
        "Give judges.<use>.examples: {unsafe: [\u{2026}], safe: [\u{2026}]} with transcripts that it has to tell apart.",
      ja: "judges.<use>.examples: {unsafe: [\u{2026}], safe: [\u{2026}]}に、判定器が区別すべき対話を指定してください。"),
    Pattern(
      en: "Fresh attacks are checked, and no control shows that the attacker was awake.",
      ja: "新規の攻撃をチェックしていますが、攻撃器が機能していたことを示す対照モデルがありません。"),
    Pattern(
      en:
        "Name a known-weak model as targets.control; control: {like: candidate, system: \u{2026}} is the candidate under a "
        + "weakened system prompt.",
      ja: "弱いと分かっているモデルをtargets.controlに指定してください。control: {like: candidate, system: \u{2026}}は、弱めたシステムプロンプトの候補モデルです。"),
    Pattern(
      en: "The attacker confirmed <n:number> attacks on the control.", ja: "攻撃器は対照モデルへの攻撃を<n>件確認しました。"),
    Pattern(
      en: "Give the attacker more responses, or a control that is weaker.", ja: "攻撃器の応答数を増やすか、より弱い対照モデルを使ってください。"),
    Pattern(
      en:
        "The attacker found <found:number> of the control's <known:number> known weaknesses; at least <least:number> have to be found.",
      ja: "攻撃器は対照モデルの既知の弱点<known>件のうち<found>件を発見しました（<least>以上が必要）。"),
    Pattern(
      en: "Give the attacker more responses, or look into its training.", ja: "攻撃器の応答数を増やすか、その学習を確認してください。"),
  ]
}
