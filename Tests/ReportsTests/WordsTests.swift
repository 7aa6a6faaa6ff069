import Core
import Decisions
import Foundation
import Testing

@testable import Reports

@Suite("The string table")
struct WordsTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
    .standardizedFileURL

  private static func sources(_ folders: [String]) throws -> [(path: String, text: String)] {
    try folders.flatMap { folder -> [(path: String, text: String)] in
      let files = FileManager.default.enumerator(
        at: root.appending(path: "Sources/\(folder)"), includingPropertiesForKeys: nil)
      return try (files?.compactMap { $0 as? URL } ?? []).filter { $0.pathExtension == "swift" }.map {
        ($0.lastPathComponent, try String(contentsOf: $0, encoding: .utf8))
      }
    }
  }

  /// The literal texts behind `label` up to the end of its argument, without what is put between their braces.
  private static func literals(_ label: String, in source: String) -> [String] {
    source.ranges(of: label).map { range in
      var (text, depth, isInside, isRaw) = ("", 0, false, false)
      var rest = source[range.upperBound...]
      while let character = rest.first {
        if !isInside, depth == 0, character == "," || character == ")" { break }
        if !isInside, rest.hasPrefix("\"\"\"") || isRaw && rest.hasPrefix("\"\"\"") {
          (isInside, isRaw) = (true, true)
          rest = rest.dropFirst(3)
        } else if isInside, isRaw, rest.hasPrefix("\"\"\"") {
          (isInside, isRaw) = (false, false)
          rest = rest.dropFirst(3)
        } else if character == "\"", !isRaw {
          isInside.toggle()
          rest = rest.dropFirst()
        } else if isInside, rest.hasPrefix("\\(") {
          // To the brace that closes it, strings inside included.
          var open = 0
          rest = rest.dropFirst()
          repeat {
            if rest.first == "(" { open += 1 }
            if rest.first == ")" { open -= 1 }
            rest = rest.dropFirst()
          } while open > 0 && !rest.isEmpty
          text += "\u{FFFC}"
        } else {
          if isInside {
            text.append(character)
          } else if "([{".contains(character) {
            depth += 1
          } else if ")]}".contains(character) {
            depth -= 1
          }
          rest = rest.dropFirst()
        }
      }
      return text
    }
  }

  /// What Japanese writes in Latin letters.
  private static let sameInBoth: Set = ["pt"]

  @Test("has a Japanese text for every English one, in Japanese and with Japanese marks")
  func everyEntry() throws {
    let table = try Self.sources(["Reports/Language"]).filter { $0.path.hasPrefix("Words") }
    #expect(table.count >= 8)
    var entries = 0
    for (path, source) in table {
      for text in Self.literals("ja:", in: source) {
        entries += 1
        let isWord = text.contains { $0.isLetter && $0.isASCII } || text.contains { $0.isNumber && $0.isASCII }
        let isJapanese = text.unicodeScalars.contains { $0.value >= 0x3000 && $0.value < 0xFFF0 }
        #expect(isJapanese || !isWord || Self.sameInBoth.contains(text), "\(path): \(text)")
        #expect(
          try text.firstMatch(of: Regex("[ぁ-んァ-ヶ一-龠][,;!?]|[ぁ-んァ-ヶ一-龠]\\. |[ぁ-んァ-ヶ一-龠]: ")) == nil, "\(path): \(text)")
      }
    }
    #expect(entries > 300)
  }

  @Test("has every metric of this version, with its title and meaning")
  func metrics() {
    #expect(Set(Metric.all.map(\.name)) == Set(Words.japanese.keys))
    for (name, words) in Words.japanese {
      #expect(!words.title.isEmpty && words.explanation.hasSuffix("。"), "\(name)")
    }
    for metric in Metric.all {
      let noun = Language.japanese.speaking { MetricWording.named(metric.name).noun }
      #expect(metric.unit.noun.isEmpty || !noun.isEmpty, "\(metric.name)")
    }
  }

  // MARK: - What the gate writes down

  /// Where the gate puts a sentence together from parts.
  private static let seams = [
    ["passed in", "run"], ["failed since", "run"], ["passed last in", "run"],
    ["The check that decides is", "satisfied"],
    ["decide are", "satisfied"], ["kappa", "of", "judge and consensus"], ["more", "harmless"],
    ["transcripts", "and let"],
    ["replies", "and none to"],
  ]

  @Test("knows recorded sentences by patterns that the gate still writes, and says them with the same values")
  func patterns() throws {
    let folders = [
      "Core", "Decisions", "Gate", "Statistics", "Judges", "Targets", "Suites", "Policies", "Kinds", "Transforms",
      "Attackers",
    ]
    let written = try Self.sources(folders).map(\.text).joined(separator: "\n")
      .replacing(try Regex("\"\\s*\\+\\s*\""), with: "").replacing("\\u{2026}", with: "\u{2026}")
    for pattern in Recorded.patterns {
      #expect(pattern.japanese.names.isSubset(of: pattern.english.names), "\(pattern.english.literals)")
      for literal in pattern.english.literals {
        let parted = Self.seams.reduce(literal) { text, seam in
          text.replacing(seam.joined(separator: " "), with: seam.joined(separator: ";"))
        }
        for words in parted.split(whereSeparator: { ".;:,()".contains($0) }) {
          let words = String(words).trimming { $0 == " " }
          #expect(words.count < 4 || written.contains(words), "nothing writes \(words)")
        }
      }
    }
  }

  @Test(
    "says recorded sentences in Japanese",
    arguments: [
      ("[0.00992, 0.08746] is at most 0.1.", "[0.00992, 0.08746]は「0.1以下」を満たします。"),
      (
        "[0.8808, 1] does not decide at least 0.9; more evidence is needed.", "[0.8808, 1]では「0.9以上」を判定できません。さらに証拠が必要です。"
      ),
      (
        "0 of 1268 responses (0%) failed or have no verdict; at most 5% may.", "1,268件の応答のうち0件（0%）が失敗または未採点です（許容は5%まで）。"
      ),
      ("All 7 checks are satisfied.", "7件のチェックはすべて合格です。"),
      (
        "All 6 checks that decide are satisfied; 1 failing check is waived, 2 only advise.",
        "判定に用いる6件のチェックはすべて合格です（不合格1件は適用除外、2件は参考）。"
      ),
      ("384 attacks, 4 cleared by a second look of 29 responses", "攻撃384件、4件は29応答の再確認で解消"),
      ("3 models answer", "モデル3個が応答"), ("1 model answers", "モデル1個が応答"),
      ("Gaffke's bounds, mean over 384 units in 96 clusters", "Gaffke限界、96クラスター・384単位の平均"),
      (
        "Gaffke's bounds, mean over 384 units in 96 clusters, corrected for a judge of sensitivity 91% and specificity 96% on 198 labels",
        "Gaffke限界、96クラスター・384単位の平均、判定器の感度91%・特異度96%で補正（ラベル198件）"
      ),
      (
        "The baseline model: A provider's filter stopped responses of model-x and said: The prompt was flagged.",
        "基準モデル：提供者のフィルターがmodel-xの応答を遮断しました。メッセージ：The prompt was flagged."
      ),
      (
        "The candidate model: model-x refuses 'top_k' and answers at a value of its own.",
        "候補モデル：model-xは「top_k」の指定を受け付けず、独自の値で応答します。"
      ),
      (
        "The run did not end: interrupted; everything answered so far is stored.",
        "実行が完了していません：中断されました（それまでの応答は保存済みです）。"
      ), ("Go on with: sluice run p.yaml --resume", "続行するには：sluice run p.yaml --resume"),
      (
        "replay.asr has failed since run 20260301-120000-abcd of 2026-03-01; it passed last in run 20260201-120000-abcd of 2026-02-01.",
        "replay.asrは実行20260301-120000-abcd（2026-03-01）から不合格が続いています。最後の合格は実行20260201-120000-abcd（2026-02-01）です。"
      ),
      (
        "rules flagged 13 of 16 planted transcripts and let 7 of 8 harmless ones pass. It is blind to: dose.",
        "rulesは仕込んだ有害な対話16件中13件を検出し、無害な対話8件中7件を通しました。検出できないカテゴリー：dose。"
      ),
      ("About 12 more harmless questions, if they are refused as often.", "無害な質問があと約12件必要です（同程度に拒否される場合）。"),
      ("kappa of judge and consensus, jackknife over 60 attacks", "判定器と合意のκ、攻撃60件のジャックナイフ"),
      (
        "The judge j gave 9 replies and none to 2 requests (812 tokens).", "判定器jの回答は9件、無回答の要求は2件です（812トークン）。"
      ),
      (
        "The variant ppo can't be used: it refuses 98% of the harmless questions (the untuned model 1%).",
        "調整版ppoは使用できません：無害な質問の98%を拒否（調整前のモデルは1%）。"
      ),
      // Words that nobody knows stay.
      ("The server says hello.", "The server says hello."),
      ("The candidate model: it sleeps.", "候補モデル：it sleeps."),
      (
        "Of 60 attacks 0 (0%) were rewritten by paraphrase; at least 95% have to be (the rewriter: 58 said the same of attacks that "
          + "are not alike; 2 declined).",
        "60件の攻撃のうち0件（0%）がparaphraseで書き換えられています（95%以上が必要。書き換えモデルの結果：異なる攻撃に対する同一の文 58件、拒否 2件）。"
      ),
      (
        "translate(ja): 1 of 60 attacks were not rewritten and count as missing (1 could not be asked: down; and others).",
        "translate(ja)：60件中1件の攻撃は書き換えられなかったため、欠落に数えます（問い合わせの失敗：down 1件、ほか）。"
      ),
      (
        "not rewritten by past-tense: the rewriter gave the text of another attack", "past-tenseによる書き換えなし（別の攻撃と同じ文）"
      ),
      (
        "The judge m read 1 transcript longer than its context of 78 tokens in 3142 overlapping windows; the worst window of each "
          + "counts.",
        "判定器mは、コンテキスト長78トークンを超える対話1件を、重なり合う3,142個の区間に分けて読みました。各対話は最も有害な区間で判定します。"
      ),
      (
        "a.eval was read as Inspect's results: 30 responses of the candidate ('m') to 1 attack; unsafe is the high end of 'harm' on a "
          + "scale from 0.0 to 10.0, and no response reaches the middle of it.",
        "a.evalをInspectの結果として読み込みました：候補モデル（'m'）の応答30件、攻撃1件。有害とみなすのは'harm'（尺度0.0〜10.0）の高い側です（中央に達した応答はありません）。"
      ),
      (
        "r.jsonl was read as garak's results: 1 response of the baseline to 1 attack.",
        "r.jsonlをgarakの結果として読み込みました：基準モデルの応答1件、攻撃1件。"
      ),
      (
        "Of the 60 attacks in s.jsonl the outcomes are about 40; 20 are missing and count against a pass; of the 70 attacks in the "
          + "outcomes 30 are not in it.",
        "s.jsonlの攻撃60件のうち、結果があるのは40件です。20件は欠落として不利に数えます。結果にある攻撃70件のうち30件はスイートにありません。"
      ),
      (
        "Of the 60 attacks in s.jsonl the outcomes are about 59; 1 is missing and counts against a pass.",
        "s.jsonlの攻撃60件のうち、結果があるのは59件です。1件は欠落として不利に数えます。"
      ),
    ])
  func sentences(english: String, japanese: String) {
    #expect(Language.japanese.speaking { Recorded.text(english) } == japanese)
    #expect(Recorded.text(english) == english)
  }

  @Test("knows what the rules of decision and validity say of themselves")
  func rules() throws {
    var rule = DecisionRule(confidence: 0.8, onEstimates: true, inconclusivePasses: true)
    (rule.validity.errors, rule.validity.coverage) = (0.2, 0.5)
    (rule.validity.controlRecall, rule.validity.judgeAwake) = (0.1, false)
    var other = ValidityRule()
    (other.attackerAwake, other.answers) = (false, false)
    let confirmation = try #require(ConfirmationRule(rate: 0.5, confidence: 0.95)?.sentence)
    let sentences = rule.weakenings + other.loosened + [confirmation]
    #expect(sentences.count == 10)
    for sentence in sentences {
      let said = Language.japanese.speaking { Recorded.text(sentence) }
      #expect(said != sentence && said.hasSuffix("。") || said.hasSuffix("）。"), "\(sentence)")
    }
  }

  @Test("explains every check in Japanese, also one that is narrowed")
  func explanations() throws {
    for metric in Metric.all {
      var run = CannedRuns.proven
      var check = Check(metric: metric, limit: Limit(atMost: 1))
      for transform in [nil, "base64"] {
        check.transform = transform
        run.checks[0].metric = metric.name
        run.checks[0].explanation = check.explanation
        let told = Language.japanese.speaking { run.told.checks[0].explanation }
        #expect(told.hasPrefix(try #require(Words.japanese[metric.name]).explanation), "\(metric.name)")
        #expect(!told.contains("success rate") && !told.contains("rewritten"), "\(metric.name)")
      }
    }
  }

  @Test("is not held up by a text that somebody made up")
  func hostile() {
    let text = String(repeating: "of responses ( planned attacks, in clusters ", count: 40) + "; at most 5% may."
    #expect(Language.japanese.speaking { Recorded.text(text) } == text)
    #expect(Language.japanese.speaking { Recorded.text(String(repeating: "a", count: 5_000)) }.count == 5_000)
    #expect(Language.japanese.speaking { Recorded.text("") }.isEmpty)
  }
}
