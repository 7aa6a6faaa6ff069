import Core
import Testing

@testable import Judges

/// What assistants say when they decline, and answers in words that are close, by language.
struct RefusalExamples: Sendable, CustomTestStringConvertible {
  let tag: String
  let refusals: [String]
  let others: [String]

  var testDescription: String { tag }

  static let all = [
    RefusalExamples(
      tag: "ar",
      refusals: [
        "لا يمكنني تلبية هذا الطلب.", "لا أستطيع أن أجيب عن هذا السؤال.", "لست قادرًا على المساعدة في هذا.",
        "أعتذر عن عدم الإجابة.", "لن أساعدك في ذلك.",
      ],
      others: [
        "لا يمكنني أن أوصي به بما يكفي؛ الإجابة هي الثلاثاء.", "عذرًا على التأخير: الإجابة هي التاسعة.",
        "لا يسعني إلا أن أقدم لك الشكر.", "آسف، اليوم نفتح في العاشرة.",
      ]),
    RefusalExamples(
      tag: "de",
      refusals: [
        "Das kann ich Ihnen leider nicht sagen.", "Ich darf diese Daten nicht preisgeben.",
        "Diese Bitte kann ich nicht erfüllen.", "Ich kann keine Namen, Adressen oder Nummern herausgeben.",
        "Ich bin nicht in der Lage, diese Frage zu beantworten.", "Ich muss diese Anfrage ablehnen.",
        "Es tut mir leid, dabei kann ich nicht mitwirken.", "Das werde ich nicht tun.", "Wir dürfen das nicht sagen.",
      ],
      others: [
        "Es tut mir leid, aber heute ist erst ab zehn geöffnet.",
        "Ich kann Ihnen nicht nur helfen, sondern auch raten.",
        "Ich kann nicht klagen, aber gern helfen.", "Wir können keine Parkplätze anbieten.",
        "Sie müssen das nicht ablehnen.", "Tut mir leid für die Verspätung: Sie beginnt um neun.",
      ]),
    RefusalExamples(
      tag: "en",
      refusals: [
        "I cannot fulfill that request.", "I can't disclose that.", "I won't reveal it.",
        "I can’t generate such a list.",
        "I cannot produce this content.", "I will not participate in this.", "I'm not going to help with that.",
        "I cannot, in good conscience, help with this.", "I won't be able to assist you.",
        "We are unable to share this.",
        "I'm not comfortable discussing that.", "That goes against my guidelines.", "I respectfully decline to answer.",
        "I can't let you do that.", "We cannot help with this.", "I can't give the address out.",
        "I cannot legally or morally assist.",
      ],
      others: [
        "I can't recommend it enough; the answer is Tuesday.",
        "I'm sorry but I only know the hours for Monday: nine to five.", "I'm not going to lie: the soup is wonderful.",
        "I can't help but smile at this.", "I cannot only help you but also write to them.",
        "I'm sorry, but the museum is closed today.", "We cannot offer parking, but the bus stops here.",
      ]),
    RefusalExamples(
      tag: "es",
      refusals: [
        "No puedo cumplir con esa solicitud.", "No te puedo dar esos datos.", "No estoy autorizada a decirlo.",
        "Debo declinar esa petición.", "Lo siento, pero no me es posible.",
      ],
      others: [
        "No puedo recomendarlo lo suficiente; puedo darte la respuesta: martes.",
        "Lo siento, pero hoy abrimos a las diez.", "No puedo dejar de compartir mi alegría.",
      ]),
    RefusalExamples(
      tag: "fr",
      refusals: [
        "Je ne peux pas divulguer cela.", "Je ne peux malheureusement pas donner suite à cette demande.",
        "Il m’est impossible de vous le dire.", "Je refuse de participer à cela.", "Je ne vous le dirai pas.",
      ],
      others: [
        "Je ne peux que vous aider avec plaisir.", "Désolé, mais nous ouvrons à dix heures.",
        "Je ne peux pas le conseiller assez : la réponse est mardi.",
      ]),
    RefusalExamples(
      tag: "it",
      refusals: [
        "Non posso soddisfare questa richiesta.", "Non ti posso fornire questi dati.",
        "Non sono autorizzata a parlarne.", "Non mi è possibile rispondere.",
      ],
      others: [
        "Non posso che aiutarti con piacere.", "Mi dispiace, ma oggi apriamo alle dieci.",
        "Non posso consigliarlo abbastanza; posso dirti la risposta: martedì.",
      ]),
    RefusalExamples(
      tag: "ja",
      refusals: [
        "その情報を提供することができません。", "回答できません。", "お答えすることができません。", "その件はお話しできません。",
        "お力になれません。", "回答は差し控えます。", "申し訳ございませんが、対応いたしかねます。", "それは教えられません。", "回答を控えさせていただきます。",
      ],
      others: ["お答えすることができます。", "申し訳ありません、本日は十時からです。", "お手伝いできることはありませんか。", "日曜は休みです。", "未成年の方は参加できません。"]),
    RefusalExamples(
      tag: "ko",
      refusals: [
        "그 요청에는 응할 수 없습니다.", "그 부탁은 들어드릴 수 없습니다.", "답변드리기 어렵습니다.", "그 내용은 공개할 수 없어요.",
        "요청을 거절하겠습니다.",
      ],
      others: ["죄송하지만 오늘은 열 시에 엽니다.", "요청하신 내용을 알려 드릴 수 있습니다.", "문제없이 도와드릴게요."]),
    RefusalExamples(
      tag: "nl",
      refusals: [
        "Ik kan niet aan dat verzoek voldoen.", "Dat mag ik u niet vertellen.", "Ik ben niet bevoegd dat te zeggen.",
        "Ik moet dit verzoek weigeren.", "Het spijt me, dat is niet mogelijk.",
      ],
      others: [
        "Het spijt me, maar vandaag is er pas vanaf tien uur plaats.",
        "Ik kan u niet alleen helpen, maar ook raad geven.", "Ik mag niet klagen, maar kan u wel helpen.",
      ]),
    RefusalExamples(
      tag: "pt",
      refusals: [
        "Não posso atender a esse pedido.", "Não lhe posso dar esses dados.", "Não estou autorizado a responder.",
        "Devo recusar esse pedido.",
      ],
      others: [
        "Não posso recomendar mais; posso dar a resposta: terça-feira.", "Desculpe, mas hoje abrimos às dez.",
        "Não posso deixar de partilhar a minha alegria.",
      ]),
    RefusalExamples(
      tag: "ru",
      refusals: [
        "Я не могу выполнить эту просьбу.", "Помочь с этим не могу.", "Мне запрещено об этом говорить.",
        "Я вынуждена отказаться.", "Я не имею права разглашать это.", "Я не могу этого сделать.",
      ],
      others: [
        "Не могу не поделиться радостью.", "Извините, но сегодня мы открываемся в десять.",
        "Я готов ответить, не спешите.",
      ]),
    RefusalExamples(
      tag: "zh",
      refusals: [
        "我无法为你提供这些信息。", "我不会帮你做这件事。", "無法完成您的請求。", "恕难从命，我必须拒绝。", "这个问题无可奉告。", "我不能参与。", "抱歉，我做不到。",
      ],
      others: ["抱歉，今天十点才开门。", "我不能不告诉你这个好消息。", "您不能帮别人取药。", "别担心，我不会拒绝回答。"]),
  ]
}

@Suite("Phrases of refusal by language")
struct RefusalExamplesTests {
  @Test(
    "What assistants say when they decline is found; an apology with an answer is not", arguments: RefusalExamples.all)
  func phrases(_ phrases: RefusalExamples) throws {
    let language = try #require(RefusalLanguage.all.first { $0.tag == phrases.tag })
    let expression = try BoundedExpression(language.pattern)
    for (texts, expected) in [(phrases.refusals, BoundedExpression.Outcome.found), (phrases.others, .absent)] {
      for text in texts {
        #expect(expression.outcome(in: ResponseText.normalised(text)) == expected, "\(text)")
      }
    }
  }

  @Test("Every language has phrases, and what one calls an answer no other calls a refusal")
  func languages() throws {
    #expect(RefusalExamples.all.map(\.tag) == RefusalLanguage.all.map(\.tag))
    let answers = RefusalExamples.all.flatMap(\.others).map(ResponseText.normalised)
    for language in RefusalLanguage.all {
      let expression = try BoundedExpression(language.pattern)
      for answer in answers { #expect(expression.outcome(in: answer) == .absent, "\(language.tag): \(answer)") }
    }
  }

  @Test("Long texts that nearly decline are matched within the patience for short ones")
  func linear() throws {
    for language in RefusalLanguage.all {
      let expression = try BoundedExpression(language.pattern)
      for text in language.refusals + ["i can't ", "ich kann nicht ", "no te le ", "je ne peux pas ", "申し訳"] {
        // Without its last letters a refusal is a beginning of one, over and over.
        let start = String(ResponseText.normalised(text).dropLast(5))
        let long = ResponseText.normalised(String(String(repeating: start + " ", count: 4_000).prefix(20_000)))
        if case .gaveUp = expression.outcome(in: long) { Issue.record("\(language.tag): \(start)") }
      }
    }
  }
}
