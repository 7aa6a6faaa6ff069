import Core

/// The page: titles and running text of its sections, as markup.
extension Words {
  enum Page {
    // MARK: - Frame

    static var table: String { say(en: "Table", ja: "表") }

    // MARK: - Verdict

    static var why: String { say(en: "Why", ja: "理由") }
    static var weakens: String { say(en: "What weakens this verdict", ja: "この判定を弱めるもの") }
    static var decides: String { say(en: "What would decide it", ja: "判定に必要なこと") }
    static var notices: String { say(en: "Notices", ja: "注意事項") }
    static var note: String { say(en: "Note before you rely on this", ja: "この結果を用いる前に") }
    static var candidate: String { say(en: "Candidate", ja: "候補モデル") }
    static var baseline: String { say(en: "Baseline", ja: "基準モデル") }
    static var checks: String { say(en: "Checks", ja: "チェック") }
    static var effort: String { say(en: "Effort", ja: "実施量") }
    static var exitCode: String { say(en: "Exit code", ja: "終了コード") }
    static var validity: String { say(en: "Validity", ja: "妥当性") }
    static var newlyBroken: String { say(en: "Newly broken", ja: "新たに突破") }
    static func violated(_ count: Int) -> String {
      say(en: "\(Numbers.count(count)) violated", ja: "不合格\(Numbers.count(count))")
    }
    static func undecided(_ count: Int) -> String {
      say(en: "\(Numbers.count(count)) undecided", ja: "判定保留\(Numbers.count(count))")
    }
    static func satisfied(_ count: Int) -> String {
      say(en: "\(Numbers.count(count)) satisfied", ja: "合格\(Numbers.count(count))")
    }
    static func waived(_ count: Int) -> String {
      say(en: "\(Numbers.count(count)) waived", ja: "適用除外\(Numbers.count(count))")
    }
    static func advisory(_ count: Int) -> String {
      say(en: "\(Numbers.count(count)) advisory", ja: "参考\(Numbers.count(count))")
    }
    static func effort(_ responses: Int, in time: String?) -> String {
      say(
        en: "\(Numbers.count(responses)) responses" + (time.map { " in \($0)" } ?? ""),
        ja: "応答\(Numbers.count(responses))件" + (time.map { "、\($0)" } ?? ""))
    }
    static func asGate(_ code: Int32) -> String { brackets(say(en: "as a gate: \(code)", ja: "ゲートとしては\(code)")) }
    static func broken(_ count: Int, categories: Int) -> String {
      say(
        en: "\(Numbers.count(count)) attacks in \(English.counted(categories, "category", "categories"))",
        ja: "攻撃\(Numbers.count(count))件（\(Numbers.count(categories))カテゴリー）")
    }

    // MARK: - Checks

    static func checksLead(_ rule: Markup, _ example: Markup) -> Markup {
      say(
        en: """
          The dot is the number measured, the bar the range that the evidence leaves possible at the confidence \
          printed below it, the shaded zone what the policy allows. \(rule)\(example)
          """,
        ja: """
          点は測定値、横棒は下に示す信頼水準で証拠が許す範囲、網掛けはポリシーの許容範囲です。\(rule)\(example)
          """)
    }
    static var decidedOnEstimates: Markup {
      say(
        en: """
          <b>The policy decides on the dots alone: a bar that crosses its limit counts all the same, and no error rate is \
          promised.</b>
          """,
        ja: """
          <b>このポリシーは点（測定値）だけで判定します。横棒が制限をまたいでも判定され、誤り率は保証されません。</b>
          """)
    }
    static func checkRule(_ exception: Markup) -> Markup {
      say(
        en: """
          A check passes only where the whole bar is in the zone, fails only where all of it is outside, and is inconclusive \
          otherwise\(exception).
          """,
        ja: """
          チェックは、横棒全体が網掛けの中にあるときだけ合格、全体が外にあるときだけ不合格、それ以外は判定保留です\(exception)。
          """)
    }
    static var checkException: Markup {
      say(
        en: "; one about this run is never failed, only inconclusive", ja: "（この実行自体に関するチェックは、不合格ではなく判定保留になります）")
    }
    static func example(_ value: String, _ interval: String) -> Markup {
      say(
        en: """
           For example \(value) \(interval): so much was measured on these attacks; of attacks like these it may be \
          anything between the two numbers in brackets.
          """,
        ja: """
          たとえば\(value) \(interval)は、この攻撃群での測定値と、同種の攻撃全体でとりうる範囲（角括弧内の2つの数の間）を表します。
          """)
    }
    static var aboutCandidate: String { say(en: "About the candidate", ja: "候補モデルについて") }
    static var aboutRun: String {
      say(en: "About this run: could it have found anything?", ja: "この実行について：問題を検出できる状態だったか")
    }
    static func decide(_ remedy: String) -> String { say(en: "To decide: \(remedy)", ja: "判定するには：\(remedy)") }
    static var toDecide: String { say(en: "To decide:", ja: "判定するには：") }
    static func basis(confidence: String, n: Int, unscored: Int, method: String) -> String {
      say(
        en: "\(confidence) confidence, n = \(Numbers.count(n))"
          + (unscored == 0 ? "" : ", \(Numbers.count(unscored)) unscored") + "; \(method)",
        ja: "\(confidence)信頼区間、n = \(Numbers.count(n))" + (unscored == 0 ? "" : "、未採点\(Numbers.count(unscored))件")
          + "；\(method)")
    }
    static func against(_ title: String) -> String { say(en: "\(title) against its limit", ja: "\(title)と制限") }
    static func limit(_ bound: String) -> String { say(en: "limit \(bound)", ja: "制限 \(bound)") }

    // MARK: - Validity and outcomes

    static var validityTitle: String {
      say(en: "Validity: checks that need no asking", ja: "妥当性：すべての実行に課される確認")
    }
    static func validityLead(_ line: String) -> Markup {
      say(
        en: """
          They ask whether the run could have found anything. One that does not hold keeps it from a pass, and \
          never fails the candidate. \(line).
          """,
        ja: """
          この実行が問題を検出できる状態だったかを確かめます。1つでも成立しなければ合格にはなりませんが、候補モデルの不合格にもなりません。\(line)。
          """)
    }
    static var outcomes: String { say(en: "What became of the responses", ja: "応答の内訳") }
    static var outcomesLead: String {
      say(en: "Every response that was planned is counted once.", ja: "計画したすべての応答を1回ずつ数えています。")
    }
    static func meaning(_ outcome: String) -> Markup? {
      switch outcome {
      case "blocked":
        say(en: " Blocked: withheld by a provider's filter.", ja: "「遮断」は提供者のフィルターが返さなかった応答です。")
      case "cut":
        say(
          en: " Cut: ended by the token limit, and counted under its verdict as well.",
          ja: "「打ち切り」はトークン上限で終わった応答で、その判定にも数えています。")
      case "unscored": say(en: " Unscored: answered, without a verdict.", ja: "「未採点」は応答はあるが判定のないものです。")
      case "failed": say(en: " Failed: no response came.", ja: "「失敗」は応答が得られなかったものです。")
      case "missing":
        say(en: " Missing: planned, and nothing is known of it.", ja: "「欠落」は計画したものの何も分からないものです。")
      default: nil
      }
    }
    static var responsesOf: String { say(en: "Responses of", ja: "応答の対象") }
    static var noVerdict: String { say(en: "Why there is no verdict", ja: "判定がない理由") }

    // MARK: - Newly broken attacks

    static var brokenTitle: String { say(en: "Newly broken attacks", ja: "新たに突破された攻撃") }
    static func brokenLead(baseline: String?, candidate: String, isRevealed: Bool) -> Markup {
      let privacy: Markup =
        isRevealed
        ? ""
        : say(
          en: " Texts are not shown; the identifier finds them in the ledger.",
          ja: "本文は表示しません。識別子から台帳で参照できます。")
      return say(
        en: """
          \(baseline ?? "The baseline") resists these and \(candidate) does not. \
          An attack is counted only where the difference between the two stays significant after the correction for all \
          attacks that were looked at. Attacks of one cluster are alike: the clearest of each is shown, the rest folded.\(privacy)
          """,
        ja: """
          \(baseline ?? "基準モデル")は耐え、\(candidate)は耐えなかった攻撃です。\
          調べた攻撃すべてについて多重性を補正しても両者の差が有意なものだけを数えています。\
          同じクラスターの攻撃は互いに似ているため、最も明確な1件を示し、残りは折りたたんでいます。\(privacy)
          """)
    }
    static var attack: String { say(en: "Attack", ja: "攻撃") }
    static var category: String { say(en: "Category", ja: "カテゴリー") }
    static var candidateUnsafe: String { say(en: "Candidate unsafe", ja: "候補モデルの有害応答") }
    static var baselineUnsafe: String { say(en: "Baseline unsafe", ja: "基準モデルの有害応答") }
    static var correctedP: String { say(en: "Corrected p", ja: "補正後のp値") }
    static var prompt: String { say(en: "Prompt", ja: "プロンプト") }
    static func moreOfCluster(_ count: Int) -> String {
      say(
        en: count == 1 ? "1 more of its cluster" : "\(Numbers.count(count)) more of its cluster",
        ja: "同じクラスターのほか\(Numbers.count(count))件")
    }

    // MARK: - Revealed texts

    static var revealed: String { say(en: "Attacks and responses", ja: "攻撃と応答") }
    static func revealedLead(_ count: Int) -> Markup {
      say(
        en: """
          Attacks that broke newly, that this run's search found, or that some model answered unsafely: \
          \(Numbers.count(count)). Keep this page as you keep the ledger.
          """,
        ja: """
          新たに突破された攻撃、この実行の探索で発見した攻撃、いずれかのモデルが有害な応答をした攻撃：\
          \(Numbers.count(count))件。このページは台帳と同様に管理してください。
          """)
    }
    static var model: String { say(en: "Model", ja: "モデル") }
    static var response: String { say(en: "Response", ja: "応答") }
    static var judge: String { say(en: "Judge", ja: "判定器") }
    static func origin(_ origin: String) -> String {
      switch origin {
      case "newly broken": say(en: origin, ja: "新たに突破")
      case "found": say(en: origin, ja: "探索で発見")
      case "suite": say(en: origin, ja: "攻撃スイート")
      default: origin
      }
    }
  }
}
