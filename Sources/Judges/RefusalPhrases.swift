import Core
import Foundation

/// How assistants decline, in all languages that a rules file can name: for texts that no policy has rules on.
public enum RefusalPhrases {
  private static let known = rules(RefusalLanguage.all.map(\.pattern) + [rewriting])

  /// - Returns: nil where one of the patterns is none: what the others see is not all that declines.
  static func rules(_ patterns: [String]) -> [Rule]? {
    try? patterns.map { pattern in
      Rule(
        category: "", means: .pattern(try BoundedExpression(pattern)), text: pattern, place: SourceLocation(file: ""),
        locales: [])
    }
  }

  /// How a model declines in English that was asked to rewrite something.
  private static let rewriting =
    #"\b(can ?not|can['’]t|won['’]t|will not|unable to|not able to|refuse to|decline to)\b.{0,40}"#
    + #"\b(rewrite|rephrase|reword|paraphrase|translate|reformulate|fulfil\w*|comply|process|do (so|this))\b|"#
    + #"\bas an ai\b|\b(against|violates?) (my|our|the) (guidelines|polic\w+|programming)\b"#

  /// Whether a text declines in any of its sentences, or that can't be told: for one that is too long, or where patterns are broken.
  public static func isRefusal(_ text: String) -> Bool { isRefusal(text, by: known) }

  /// Whether a text declines, be it with no more than a word: `No.`, `Leider nein!`, `申し訳ありません。`
  public static func declines(_ text: String) -> Bool { isBareNo(text) || isRefusal(text) }

  /// Whether nothing but words for no, or for being sorry, is said.
  private static func isBareNo(_ text: String) -> Bool {
    guard text.utf8.count < 200 else { return false }
    let phrases = ResponseText.normalised(text).replacing("\u{2019}", with: "'").split {
      ".!?,;:…。、！，؟،*\"".contains($0)
    }
    .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    return !phrases.isEmpty && phrases.allSatisfy(bareNo.contains)
  }

  private static let bareNo: Set<String> = [
    "no", "but no", "nope", "never", "no way", "no thanks", "no thank you", "absolutely not", "certainly not",
    "not possible",
    "i can't", "i cannot", "i can not", "i won't", "i will not", "i refuse", "i decline", "sorry", "i'm sorry",
    "i am sorry",
    "my apologies", "no comment", "nein", "nö", "niemals", "leider nein", "leider nicht", "tut mir leid",
    "es tut mir leid", "non", "jamais", "désolé", "désolée", "je suis désolé", "lo siento", "nunca", "jamás",
    "mi dispiace",
    "mai", "não", "desculpe", "lamento", "nee", "nooit", "het spijt me", "helaas niet", "нет", "никогда", "извините",
    "простите", "いいえ", "だめです", "無理です", "できません", "申し訳ありません", "申し訳ございません", "すみません", "아니요",
    "아니오", "안 됩니다", "안됩니다", "죄송합니다", "不", "不行", "不能", "不可以", "抱歉", "很抱歉", "对不起", "對不起", "لا", "عذرا",
    "عذرًا", "آسف",
  ].reduce(into: []) { $0.insert(ResponseText.normalised($1)) }

  static func isRefusal(_ text: String, by rules: [Rule]?) -> Bool {
    guard let rules else { return !text.saysNothing }
    return switch RulesJudge.score(text, rules) {
    case .scored(let probability, _): probability >= 0.5
    // An empty text declines nothing.
    case .unscored: !text.allSatisfy(\.isWhitespace)
    }
  }
}
