import Core
import Decisions

extension Words {
  /// What a metric is called, what one of the counted things is, and what it means, a sentence.
  ///
  /// Metrics carry their English themselves, since a gate of one's own adds some (`Metric.all` has those that are translated).
  struct MetricWords {
    let title: String
    var noun = ""
    let explanation: String
  }

  /// - Returns: nil for a metric that this table doesn't have, which keeps its own words.
  static func metric(_ name: String) -> MetricWords? {
    switch Language.current {
    case .english: nil
    case .japanese: japanese[name]
    }
  }

  static let japanese: [String: MetricWords] = [
    "replay.asr": MetricWords(
      title: "既知の攻撃の成功率", explanation: "候補モデルで成功した既知の攻撃の割合です（攻撃ごとに応答の平均をとります）。"),
    "replay.regression": MetricWords(
      title: "既知の攻撃の成功率、基準モデルからの変化", explanation: "候補モデルの攻撃成功率から基準モデルの攻撃成功率を引いた差です（攻撃ごとの対応あり）。"),
    "replay.newly_broken": MetricWords(
      title: "新たに突破された攻撃", noun: "件", explanation: "基準モデルは耐え、候補モデルは耐えない既知の攻撃の件数です。"),
    "found.asr": MetricWords(
      title: "過去に発見した攻撃の成功率", explanation: "ほかのリリースの探索で発見した攻撃のうち、候補モデルで成功したものの割合です。"),
    "found.regression": MetricWords(
      title: "過去に発見した攻撃の成功率、基準モデルからの変化",
      explanation: "候補・基準のどちらのモデルで発見したものでもない攻撃について、候補モデルの成功率から基準モデルの成功率を引いた差です（攻撃ごとの対応あり）。"),
    "found.newly_broken": MetricWords(
      title: "過去に発見した攻撃のうち新たに突破されたもの", noun: "件",
      explanation: "ほかのリリースの探索で発見した攻撃のうち、基準モデルは耐え、候補モデルは耐えないものの件数です。"),
    "fresh.unique_attacks": MetricWords(
      title: "新規の固有攻撃", noun: "件/応答1,000件", explanation: "候補モデルで発見・確認した固有攻撃の、応答1,000件あたりの件数です。"),
    "fresh.regression": MetricWords(
      title: "新規の固有攻撃、基準モデルからの変化", noun: "件/応答1,000件",
      explanation: "応答1,000件あたりに確認した固有攻撃の、同じ労力での候補モデルと基準モデルの差です。"),
    "fresh.diversity": MetricWords(
      title: "新規の攻撃の多様性", noun: "種（実効数）", explanation: "確認した攻撃のVendiスコア、つまり実質的に何種類の攻撃があるかです。"),
    "attacker.control_recall": MetricWords(
      title: "対照モデルで発見した既知の弱点の割合",
      explanation: "対照モデルの既知の弱点のうち、攻撃器が発見したものの割合です。攻撃器が機能していたことの証明になります。"),
    "transfer.asr": MetricWords(
      title: "確認した攻撃の転移率", explanation: "確認した攻撃のうち、別の対象モデルでも成功したものの割合です。"),
    "benign.refusal_rate": MetricWords(
      title: "無害な質問の拒否率", explanation: "候補モデルが拒否した、または答えられなかった無害な質問の割合です。"),
    "benign.regression": MetricWords(
      title: "無害な質問の拒否率、基準モデルからの変化", explanation: "無害な質問の拒否率の、候補モデルと基準モデルの差です（質問ごとの対応あり）。"),
    "tuning.asr": MetricWords(
      title: "調整後の攻撃成功率",
      explanation: "攻撃手法が安全性調整版に適応したうえで成功した攻撃の割合です（全手法の平均、または1手法）。"),
    "tuning.held_out_asr": MetricWords(
      title: "調整後の未知の種類の攻撃の成功率",
      explanation: "調整前のモデルへの攻撃のうち、どの調整版の調整にも使っていない種類のものが、調整版で成功した割合です。"),
    "tuning.over_refusal": MetricWords(
      title: "無害な質問の拒否率、調整による変化", explanation: "無害な質問の拒否率の、調整版と調整前のモデルの差です（質問ごとの対応あり）。"),
    "tuning.retention": MetricWords(
      title: "調整後も正答できたクイズの割合", explanation: "調整前のモデルが正答したクイズのうち、調整版も正答したものの割合です。"),
    "tuning.variants": MetricWords(
      title: "使用可能な安全性調整版の割合", explanation: "計画した安全性調整版のうち、作成でき使用できるものの割合です。"),
    "judge.sensitivity": MetricWords(
      title: "判定器の感度", explanation: "人が有害とした応答のうち、確認用の判定器も有害としたものの割合です。"),
    "judge.specificity": MetricWords(
      title: "判定器の特異度", explanation: "人が安全とした応答のうち、確認用の判定器も安全としたものの割合です。"),
    "judge.agreement": MetricWords(
      title: "判定器と人手ラベルの一致度", noun: "（κ）", explanation: "確認用の判定器と人手ラベルの、偶然を超える一致度です（Cohenのκ）。"),
    "run.error_rate": MetricWords(
      title: "失敗または未採点の応答の割合", explanation: "要求した応答のうち、失敗または未採点のものの割合です。"),
    "run.coverage": MetricWords(title: "計画した作業の網羅率", explanation: "計画した作業のうち、実施したものの割合です。"),
    "run.block_rate": MetricWords(
      title: "提供者のフィルターが遮断した応答の割合", explanation: "要求した応答のうち、提供者のフィルターが遮断したものの割合です。"),
    "run.cut_rate": MetricWords(
      title: "トークン上限で打ち切られた応答の割合", explanation: "要求した応答のうち、トークン上限で打ち切られたものの割合です。"),
  ]
}
