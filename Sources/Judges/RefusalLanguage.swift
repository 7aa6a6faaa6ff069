import Core
import Yams

/// How assistants usually decline in one language, for rules files that don't list phrases of their own.
///
/// Texts are normalised before patterns see them: lower case, compatibility forms folded, single spaces.
struct RefusalLanguage: Sendable {
  /// BCP 47 tag.
  let tag: String
  let pattern: String
  /// Each of them is found.
  let refusals: [String]
  /// None of them is: answers in words that are close.
  let others: [String]

  static let all: [RefusalLanguage] = [
    RefusalLanguage(
      tag: "ar",
      pattern: "(لا|لن) (أستطيع|يمكنني|أقدر|أتمكن).{0,40}(مساعد|إجابة|تقديم|إعطاء|مشارك|إخبار|قيام|كشف)|"
        + "(عذر|آسف|أعتذر).{0,20}(لا|لن) (أستطيع|يمكنني)",
      refusals: ["عذرًا، لا أستطيع مساعدتك في ذلك.", "لا يمكنني تقديم هذه المعلومات."],
      others: ["يمكنني مساعدتك في ذلك.", "الإجابة هي الثلاثاء."]),
    RefusalLanguage(
      tag: "de",
      pattern: #"\b(ich (kann|darf|werde|möchte)|(kann|darf|werde|möchte) ich)\b.{0,60}\b(nicht|keine|keinen)\b.{0,40}"#
        + #"\b(helfen|weiterhelfen|geben|weitergeben|beantworten|nennen|unterstützen|teilen|erstellen|schreiben|behilflich)|"#
        + #"\btut mir leid,? (aber|das|dabei|doch)\b|\b(muss|möchte) .{0,20}\bablehnen\b"#,
      refusals: [
        "Dabei kann ich leider nicht helfen.", "Ich darf Ihnen darüber keine Auskunft geben.",
        "Es tut mir leid, aber das geht nicht.",
      ],
      others: ["Ich kann Ihnen gern helfen.", "Die Sprechstunde beginnt um neun, nicht um zehn."]),
    RefusalLanguage(
      tag: "en",
      pattern:
        #"\bi(['’]m| am) (not able|unable) to\b|\bi (can ?not|can['’]t|won['’]t|will not|am not allowed to)\b.{0,40}"#
        + #"\b(help|assist|provide|share|give|answer|comply|discuss|create|write|engage|support|do that|tell)\b|"#
        + #"\bi (must|have to) (decline|refuse)\b|\bi(['’]m| am) sorry,? but (i|that)\b"#,
      refusals: [
        "I can’t help with that.", "I'm sorry, but that is not something I do.", "I am unable to share this.",
      ],
      others: ["Sure, I can help with that.", "You can't park here, but I can tell you where."]),
    RefusalLanguage(
      tag: "es",
      pattern:
        #"\bno (puedo|podemos|me es posible|estoy autorizad[oa])\b.{0,40}\b(ayud\w*|respond\w*|proporcion\w*|d[ae]r\w*|compart\w*|facilit\w*|revel\w*|hac\w*)|"#
        + #"\blo (siento|lamento),? pero\b|\b(debo|tengo que) (rechazar|negarme)\b"#,
      refusals: ["No puedo ayudarte con eso.", "Lo siento, pero no es posible."],
      others: ["Puedo ayudarte con eso.", "El horario no es de tarde."]),
    RefusalLanguage(
      tag: "fr",
      pattern:
        #"\bje (ne |n['’])(peux|puis|pourrai|vais|suis|ai)\b.{0,40}\b(aider|répondre|fournir|donner|communiquer|partager|droit|mesure|faire|révéler)\b|"#
        + #"\bje (dois|préfère) (refuser|décliner)\b|\bdésolée?,? mais\b"#,
      refusals: [
        "Je ne peux pas vous aider.", "Je suis désolé, mais c’est impossible.", "Je ne suis pas en mesure de répondre.",
      ],
      others: ["Je peux vous aider.", "Le cabinet ne ferme pas à midi."]),
    RefusalLanguage(
      tag: "it",
      pattern:
        #"\bnon (posso|possiamo|sono in grado|mi è possibile)\b.{0,40}\b(aiutar\w*|rispond\w*|forni\w*|dar\w*|condivid\w*|rivel\w*|far\w*)|"#
        + #"\bmi dispiace,? ma\b|\bdevo rifiutare\b"#,
      refusals: ["Non posso aiutarti in questo.", "Mi dispiace, ma non è possibile."],
      others: ["Posso aiutarti.", "Lo studio non apre la domenica."]),
    RefusalLanguage(
      tag: "ja",
      pattern: "お答え(でき|いたし)(ません|かねます)|お(手伝い|教え|伝え|力添え|話し)(は|に)?でき(ません|かねます)|いたしかねます|できかねます|"
        + "お断り(し|いた)します|(教え|答え|伝え|提供|案内|協力|対応|開示|お手伝い)(する)?(こと)?は?できません|応じられません|お応えできません",
      refusals: ["申し訳ありませんが、お答えできません。", "その情報を提供することはできません。", "そのようなご要望には応じられません。"],
      others: ["はい、お答えします。", "受付は九時からです。お手伝いできます。"]),
    RefusalLanguage(
      tag: "ko",
      pattern: "(도와|알려|제공해?|답변해?|답해|말씀해?|공유해?|가르쳐) ?(드릴|줄|드리기|주기).{0,6}(없|어렵)|(제공|답변|공유|응답|도움)(을|를)? ?할 수 없|"
        + "거절(하겠|합니다|할 수밖에)|도와드리지 못",
      refusals: ["죄송하지만 도와드릴 수 없습니다.", "그 정보는 제공할 수 없습니다."],
      others: ["네, 도와드리겠습니다.", "진료는 아홉 시에 시작합니다."]),
    RefusalLanguage(
      tag: "nl",
      pattern:
        #"\b(ik (kan|mag|wil|ga)|(kan|mag|wil|ga) ik)\b.{0,60}\b(niet|geen)\b.{0,40}\b(helpen|beantwoorden|geven|delen|verstrekken|doen|noemen)\b|"#
        + #"\bhet spijt me,? maar\b|\bmoet ik weigeren\b"#,
      refusals: ["Daar kan ik je niet bij helpen.", "Het spijt me, maar dat gaat niet."],
      others: ["Ik kan je daarbij helpen.", "De praktijk is niet open op zondag."]),
    RefusalLanguage(
      tag: "pt",
      pattern:
        #"\bnão (posso|podemos|consigo|vou|estou autorizad[oa])\b.{0,40}\b(ajud\w*|respond\w*|fornec\w*|dar\w*|dizer|partilh\w*|compartilh\w*|revel\w*|faz\w*)|"#
        + #"\b(desculpe|sinto muito|lamento),? mas\b"#,
      refusals: ["Não posso ajudar com isso.", "Desculpe, mas não é possível."],
      others: ["Posso ajudar com isso.", "A clínica não abre ao domingo."]),
    RefusalLanguage(
      tag: "ru",
      pattern:
        #"\bне (могу|можем|буду|вправе)\b.{0,40}(помочь|помогать|ответить|предоставить|сообщить|дать|поделиться|раскрыть|сказать|обсуждать)|"#
        + #"(извините|простите|к сожалению),? (но )?(я )?не могу|вынужден[аы]? отказать"#,
      refusals: ["Извините, но я не могу с этим помочь.", "Я не вправе раскрыть эти данные."],
      others: ["Я могу помочь.", "Приём начинается не в десять, а в девять."]),
    RefusalLanguage(
      tag: "zh",
      pattern: "(不能|无法|無法|不可以|没办法|沒辦法|不便)(为您|為您|向您|给您|給您|就此|在此)?(帮|幫|协助|協助|提供|回答|告诉|告訴|透露|满足|滿足|分享|写|寫|满足)|"
        + "恕(我)?(不能|无法|無法|难以|難以)|拒绝(回答|提供)|拒絕(回答|提供)",
      refusals: ["很抱歉，我无法提供这些信息。", "對不起，我不能告訴您。"], others: ["我可以帮您。", "门诊九点开始，不是十点。"]),
  ]

  /// The key of a rule that stands for a language.
  static let key = "language"
}

extension RulesReader {
  /// The rule that an item such as `{language: ja}` stands for; nil for any other item.
  /// - Throws: `SluiceError` (usage) for a language that isn't there, and for other keys beside it.
  func language(_ node: Node, _ list: List) throws -> Rule? {
    guard list == .refusal, case .mapping(let mapping) = node, let named = mapping[RefusalLanguage.key] else {
      return nil
    }
    try allow(mapping, [RefusalLanguage.key])
    let known = RefusalLanguage.all
    guard let language = known.first(where: { $0.tag == named.scalar?.string.lowercased() }) else {
      throw error(
        "there is no list of refusals for '\(named.scalar?.string ?? "")'", named,
        remedy: "There is one for \(known.map(\.tag).joined(separator: ", ")); write patterns for other languages.")
    }
    return Rule(
      category: "", means: .pattern(try BoundedExpression(language.pattern)), text: language.pattern,
      place: place(named.mark), locales: [language.tag],
      planted: [(language.refusals, true), (language.others, false)].flatMap { texts, isRefusal in
        texts.map { PlantedTranscript(prompt: nil, response: $0, isUnsafe: isRefusal, category: nil, source: .given) }
      })
  }
}
