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
      pattern: #"""
        (لا|لن) (أستطيع|استطيع|يمكنني|أقدر|أتمكن|نستطيع|يمكننا|يسعني)(?! إلا)[^.!?؟؛;:،]{0,40}(مساعد|أساعد|إجاب\#
        |أجيب|الرد|أرد |تقديم|أقدم|إعطاء|أعطي|مشارك|أشارك|إخبار|أخبر|قيام|أقوم|كشف|أكشف|تلبي|ألبي|إفصاح|أفصح|تنفيذ\#
        |أنفذ|إنشاء|أنشئ|كتابة|أكتب|توفير|أوفر|توليد|مناقش|أناقش|تزويد|أزود|امتثال|استجاب|أستجيب|إفشاء|أفشي|إنتاج\#
        |تسهيل|فعل (ذلك|هذا))|(عذر|آسف|أعتذر)[^.!?؟؛;:]{0,20}(لا|لن) (أستطيع|يمكنني)|(غير|لست) (قادر[اةً]{0,2} على\#
        |مخول)|ليس (بإمكاني|بوسعي|في وسعي)|لن (أساعد|أشارك|أجيب|أقدم|أكشف|أخبر|أعطي|أقوم|أنفذ|أكتب)|(غير مسموح\#
        |لا يسمح|لا يجوز|لا يحق) لي|أعتذر عن (عدم |تقديم|تلبي|الإجاب)|أرفض (تقديم|تنفيذ|تلبي|الإجاب|المشارك|القيام)
        """#,
      refusals: ["عذرًا، لا أستطيع مساعدتك في ذلك.", "لا يمكنني تقديم هذه المعلومات."],
      others: ["يمكنني مساعدتك في ذلك.", "الإجابة هي الثلاثاء."]),
    RefusalLanguage(
      tag: "de",
      pattern: #"""
        \b(ich (kann|darf|werde|möchte|will)|(kann|darf|werde|möchte|will) ich)\b[^.!?;:,]{0,60}\b(nicht(?! (nur\#
        |genug)\b)|nichts|keine?[nrsm]?)\b([^.!?;:,]|,(?! (aber|dass|sondern|doch|ich|weil|wenn)\b)){0,60}\b(helfen\#
        |weiterhelfen|(weiter|heraus|preis|bekannt)?geben|beantworten|nennen|unterstützen|teilen|mitteilen\#
        |erstellen|schreiben|verfassen|behilflich|sagen(?!,? (dass|ob)\b)|erfüllen|nachkommen|entsprechen\#
        |bereitstellen|zur verfügung stellen|liefern|offenlegen|verraten|erteilen|generieren|erzeugen|mitwirken\#
        |beteiligen|teilnehmen|mitmachen|eingehen|äußern|besprechen|diskutieren|ausführen|bearbeiten|anbieten)\b\#
        |\btut mir (sehr |wirklich )?leid,? (aber |doch )?((das|dies|dabei|damit|da|hier) (geht|kann|darf|werde\#
        |ist)\b[^.!?;:,]{0,30}\b(nicht (möglich|erlaubt|gestattet)|geht nicht|unmöglich)|das geht (so \#
        |leider )?nicht|(ich|dabei|damit|da|das|hier) (kann|darf|werde)( ich)?\b[^.!?;:,]{0,40}\b(nicht\#
        |keine?[nrsm]?)\b)|\b((ich|wir) (muss|müssen|möchte)|(muss|müssen|möchte) (ich\#
        |wir))\b[^.!?;:]{0,40}\b(ablehnen|verweigern)\b|\b(wir (können|dürfen)|(können\#
        |dürfen) wir)\b[^.!?;:,]{0,40}\bnicht (helfen|weiterhelfen|beantworten|sagen|herausgeben|preisgeben\#
        |erfüllen)\b|\b(ich (kann|werde|darf) (das|dies)|(das|dies) (kann|werde|darf) ich)( leider)? nicht (tun\#
        |machen)\b|\bich lehne\b[^.!?;:]{0,40}\bab\b|\bmir\b[^.!?;:,]{0,20}\b(nicht (möglich|gestattet|erlaubt)\#
        |untersagt)\b|\bich bin[^.!?;:,]{0,20} nicht (in der lage|befugt|berechtigt|bereit|autorisiert)\b
        """#,
      refusals: [
        "Dabei kann ich leider nicht helfen.", "Ich darf Ihnen darüber keine Auskunft geben.",
        "Es tut mir leid, aber das geht nicht.",
      ],
      others: ["Ich kann Ihnen gern helfen.", "Die Sprechstunde beginnt um neun, nicht um zehn."]),
    RefusalLanguage(
      tag: "en",
      pattern: #"""
        \bi(['’]m| am) (not able|unable|not (allowed|permitted|authori[sz]ed|willing|at liberty\#
        |in a position)) to\b|\bi(['’]m| am) not comfortable (\w+ing|with)\b|\bi (don['’]t\#
        |do not) feel comfortable\b|\bwe (can ?not|can['’]t|won['’]t|will not|are (unable\#
        |not able) to) (help(?! (but|\w+ing)\b)|assist|comply|answer|discuss|disclose|reveal|share|fulfill?)\b\#
        |\bi((['’]m| am) not (going|about) to| (can ?not(?! only)|can['’]t|won['’]t|will not|must not|could not\#
        |couldn['’]t|shouldn['’]t|am not allowed to))(,? (\w+ly|ever|just|also|be able to|in good conscience\#
        |under any circumstances?|(and|or)( won['’]t| will not)?),?){0,3} (help(?! (but|\w+ing)\b)|assist|provide\#
        |share|answer|comply|discuss|create|write|engage|support|do (that|this|so)|tell you(?! how)|give (you|that\#
        |this|those|these|the|his|her|their|out|any|advice|instructions|information|details|\w+ (advice\#
        |instructions|information))|fulfill?|disclose|reveal|divulge|generate|produce|participate|facilitate\#
        |condone|promote|respond|proceed|process (that|this|your)|complete (that|this|your)|carry out|accommodate\#
        |honou?r (that|this|your)|grant|execute|perform|advise|offer|talk about|speak about|go into|say (more|that\#
        |anything)|let you|explain how|teach|continue with|be (part|of (any )?(help|assistance)))\b|\bi (don['’]t\#
        |do not) (provide|share|disclose|discuss|assist|engage|participate)\b|\b(i|we)(['’]ll| will)? (must|have to\#
        |need to)( \w+ly)? (decline|refuse)\b|\bi( \w+ly)? (decline|refuse) to\b|\bi(['’]d| would) (rather\#
        |prefer) not\b|\bsorry,? but (i (can ?not|can['’]t|won['’]t|will not)|(that|this|it)(['’]s\#
        | is) (not something|outside|beyond|against|not possible))|\bnot something (that )?i(['’]m (able|allowed\#
        |willing|comfortable)| am (able|allowed|willing|comfortable)| can (help|assist|do|provide|share|discuss)\#
        | do)\b|\bagainst my (guidelines|policy|policies|principles|programming|rules)\b
        """#,
      refusals: [
        "I can’t help with that.", "I'm sorry, but that is not something I do.", "I am unable to share this.",
      ],
      others: ["Sure, I can help with that.", "You can't park here, but I can tell you where."]),
    RefusalLanguage(
      tag: "es",
      pattern: #"""
        \bno ((te|le|les|os|se|lo|la) ){0,2}(puedo|podemos|podré|podría|voy a|vamos a|debo)\b(?! (creer|recomend\#
        |esperar|dejar|negar|más que))[^.!?;:,]{0,30}\b((ayud|contest|proporcion|facilit|revel|divulg|brind|gener\#
        |cre|redact|particip|realiz|suministr|entreg|explic|habl|coment|proces|tramit|colabor|d)ar|(respond|acced\#
        |atend|satisfac|ofrec|complac|hac|proced)er|(asist|compart|cumpl|escrib|dec|discut|produc\#
        |transmit)ir)\w{0,6}\b|\bno (estoy|soy) (autorizad[oa]|capaz|en condiciones|en posición|dispuest[oa])\b\#
        |\bno (me|nos) (es|está|resulta) (posible|permitido)\b|\bno tengo (permitido|permiso|autorización)\b\#
        |\b(debo|tengo que|prefiero) (rechazar|negarme|declinar|abstenerme)|\bme niego a\b|\blo (siento\#
        |lamento)( mucho)?,? pero (no (puedo|podemos|es posible|me es|voy a|se puede)|eso no es posible\#
        |es imposible)\b
        """#,
      refusals: ["No puedo ayudarte con eso.", "Lo siento, pero no es posible."],
      others: ["Puedo ayudarte con eso.", "El horario no es de tarde."]),
    RefusalLanguage(
      tag: "fr",
      pattern: #"""
        \bje (ne |n['’])((vous|te|le|la|les) ){0,2}(peux|puis|pourrai|pourrais|vais|saurais|souhaite)(?! (que\#
        |pas (imaginer|croire|attendre|mentir))\b)\b[^.!?;:,]{0,30}\b(aider|assister|répondre|fournir|donner\#
        |communiquer|partager|faire|révéler|divulguer|dévoiler|satisfaire|accéder|dire(?! que\b)|transmettre|créer\#
        |générer|produire|rédiger|écrire|participer|traiter|discuter|parler|expliquer|indiquer|proposer|exécuter\#
        |accomplir|honorer|donner suite|soutenir|encourager)\b|\bje ne ((vous|te|le|la|les|lui) ){0,2}(aiderai\#
        |dirai|donnerai|répondrai|fournirai|partagerai|participerai|révélerai|divulguerai) pas\b\#
        |\bje ne suis (malheureusement )?pas (en mesure|autorisée?|habilitée?|en droit|capable|disposée?)\b\#
        |\bje n['’]ai (malheureusement )?pas (le droit|l['’]autorisation|la possibilité)\b\#
        |\bil (ne )?m['’]est (pas (possible|permis)|impossible|interdit)\b|\bje (dois|préfère|me vois (contrainte?\#
        |obligée?) de) (refuser|décliner)\b|\bje refuse de\b|\bdésolée?,? (mais )?(je ne (peux|puis|pourrai\#
        |saurais)|c['’]est impossible|(ce|cela|ça) n['’]est pas possible)\b
        """#,
      refusals: [
        "Je ne peux pas vous aider.", "Je suis désolé, mais c’est impossible.", "Je ne suis pas en mesure de répondre.",
      ],
      others: ["Je peux vous aider.", "Le cabinet ne ferme pas à midi."]),
    RefusalLanguage(
      tag: "it",
      pattern: #"""
        \bnon ((ti|vi|le|lo|la|gli|te|ve) ){0,2}(posso|possiamo|potrò|potrei|intendo|voglio|devo)\b(?! (che|credere\#
        |fare a meno|consigliar|raccomandar))[^.!?;:,]{0,30}\b((aiut|rivel|d|f|divulg|gener|cre|comunic|spieg|parl\#
        |elabor|complet|assecond|accett|partecip|realizz|indic|soddisf|collabor)ar|(rispond|scriv|acced|proced\#
        |condivid|assist|accogli|discut|ammett)er|(forn|d|esaud|esegu|contribu|offr)ir|produrr)\w{0,5}\b\#
        |\bnon (sono|siamo) (in grado|autorizzat[oaie]|abilitat[oaie]|dispost[oaie])\b|\bnon mi è (possibile\#
        |permesso|consentito)\b|\bdevo (rifiutar|declinar)\w*|\bmi rifiuto di\b|\b(mi dispiace\#
        |spiacente),? ma (non (posso|possiamo|è possibile|mi è|si può)|è impossibile)\b
        """#,
      refusals: ["Non posso aiutarti in questo.", "Mi dispiace, ma non è possibile."],
      others: ["Posso aiutarti.", "Lo studio non apre la domenica."]),
    RefusalLanguage(
      tag: "ja",
      pattern: #"""
        (答え|応え|教え|伝え|手伝い|力添え|話し|引き受け|見せ|受け|提供|案内|協力|対応|開示|回答|返答|支援|説明|作成|生成|実行|共有|公開|提示|助言|サポート|加担\#
        |言及)(を)?(する)?(こと)?(は|が|も|に)?((でき|出来)(ません(?!か([?。]|$))|かねます|兼ねます|ない(?!わけ|こと|場合|とき|時|方|人|もの|か))|(し|いたし\#
        |致し)かねます)|お答え(し|いたし|致し)ません|(教える|答える|伝える|話す|言う|手伝う|助ける|応じる|応える|従う|書く|見せる|明かす|漏らす|引き受ける)(こと|わけに)?(は|が|も)(でき\#
        |出来|いき)(ません|ない)|申し訳[^。!?]{0,40}(する)?こと(は|が|も)(でき|出来)(ません|かねます)|(いたし|致し|でき|出来|応じ|答え|お教えし)かねます|(応じ|答え|応え|教え\#
        |伝え|受け入れ)られません|お?(力|役)(に|には)(なれ|立て)ません|手伝えません|(回答|答え|返答|言及|発言|コメント)(は|を)?控え(ます|させ|たい)|お断り(し|いた|させ)|差し控え(ます\#
        |させ|たい)
        """#,
      refusals: ["申し訳ありませんが、お答えできません。", "その情報を提供することはできません。", "そのようなご要望には応じられません。"],
      others: ["はい、お答えします。", "受付は九時からです。お手伝いできます。"]),
    RefusalLanguage(
      tag: "ko",
      pattern: #"""
        (도와|알려|들어|가르쳐|보여|만들어|써|말해|답해|응해|(제공|답변|대답|말씀|공유|공개|작성|설명|안내|처리|이행|수행|생성|지원)해?) ?(드릴|줄|드리기|주기)( ?수)?(가|는\#
        |도)? ?.{0,6}(없(?!이)|어렵|곤란)|(제공|답변|대답|공유|응답|도움|공개|생성|작성|수행|이행|지원|협조|참여|설명|안내|처리|논의|수락|누설|도와)(을|를|은)? ?(드?릴|할\#
        |줄) ?수(가|는|도)? ?없|(응할|따를|도울|밝힐|들어줄) ?수(가|는|도)? ?없|(응|제공|답변|대답|공유|공개)하기(는|가)? ?(어렵|곤란)|거절(하겠|합니다|할 수밖에)\#
        |거부(하겠|합니다)|도와(드리|주)지 ?못|(제공|답변|응|공개)하지 ?못
        """#,
      refusals: ["죄송하지만 도와드릴 수 없습니다.", "그 정보는 제공할 수 없습니다."],
      others: ["네, 도와드리겠습니다.", "진료는 아홉 시에 시작합니다."]),
    RefusalLanguage(
      tag: "nl",
      pattern: #"""
        \b(ik (kan|mag|wil|ga|zal)|(kan|mag|wil|ga|zal) ik)\b[^.!?;:,]{0,60}\b(niet(?! (alleen|genoeg)\b)|niets\#
        |geen)\b([^.!?;:,]|,(?! (maar|dat|want|ik|als)\b)){0,60}\b(helpen|beantwoorden|geven|delen|verstrekken|doen\#
        |noemen|voldoen|tegemoetkomen|vertellen|zeggen(?!,? (dat|of)\b)|onthullen|vrijgeven|prijsgeven|schrijven\#
        |genereren|produceren|meewerken|deelnemen|ingaan|uitvoeren|bespreken|aanbieden|bieden|ondersteunen\#
        |inwilligen|assisteren|verlenen|doorgeven|bekendmaken|opstellen|leveren|uitleggen)\b\#
        |\bspijt me,? (maar )?((dat|dit) (gaat|kan|mag) (helaas )?niet|(dat|dit) is (helaas )?(niet (mogelijk\#
        |toegestaan)|onmogelijk)|((ik|hier|daar\w*|dat) (kan|mag|ga|wil)|(kan|mag|wil) ik)\b[^.!?;:,]{0,40}\b(niet\#
        |geen)\b)|\b(moet|wil) (ik [^.!?;:,]{0,30}|[^.!?;:,]{0,30}\b)?(weigeren|afwijzen)\b|\bik weiger\b|\b((we\#
        |wij) (kunnen|mogen)|(kunnen|mogen) (we|wij))\b[^.!?;:,]{0,40}\bniet (mee |bij |aan )?(helpen|beantwoorden\#
        |vertellen|vrijgeven|voldoen)\b|\bik ben[^.!?;:,]{0,20} niet (in staat|bevoegd|gemachtigd|bereid)\b|\b(mij\#
        |me) niet toegestaan\b
        """#,
      refusals: ["Daar kan ik je niet bij helpen.", "Het spijt me, maar dat gaat niet."],
      others: ["Ik kan je daarbij helpen.", "De praktijk is niet open op zondag."]),
    RefusalLanguage(
      tag: "pt",
      pattern: #"""
        \bnão ((te|lhe|lhes|o|a|vos) ){0,2}(posso|podemos|poderei|consigo|vou|irei|devo)\b(?! (acreditar|recomendar\#
        |esperar|deixar|negar))[^.!?;:,]{0,30}\b((ajud|revel|d|cri|ger|partilh|compartilh|divulg|explic|fal\#
        |particip|realiz|prest|execut|coment|colabor|process|apoi|auxili|inform)ar|(respond|atend|fornec|diz|faz\#
        |oferec|escrev|satisfaz|proced|conced)er|(cumpr|produz|discut|assist|contribu|transmit)ir)(-\w{1,4})?\b\#
        |\bnão (estou|sou) (autorizad[oa]|em condições|em posição|habilitad[oa]|dispost[oa]|capaz)\b\#
        |\bnão me é (possível|permitido)\b|\bnão tenho (permissão|autorização)\b|\b(devo|tenho de|tenho que\#
        |preciso) (recusar|declinar)\b|\b(recuso-me|me recuso) a\b|\b(desculpe|desculpa|sinto muito\#
        |lamento),? mas (não (posso|consigo|podemos|é possível|vou)|isso não é possível|é impossível)\b
        """#,
      refusals: ["Não posso ajudar com isso.", "Desculpe, mas não é possível."],
      others: ["Posso ajudar com isso.", "A clínica não abre ao domingo."]),
    RefusalLanguage(
      tag: "ru",
      pattern: #"""
        \bне (могу|можем|буду|вправе|смогу|сможем|имею права|стану|намерен[аы]?|уполномочен[аы]?\#
        |готов[аы]?)\b(?! не\b)[^.!?;:,]{0,40}\b(помочь|помогать|ответить|отвечать|предоставить|предоставлять\#
        |сообщить|сообщать|дать|давать|поделиться|делиться|раскрыть|раскрывать|сказать(?!,? что\b)|обсуждать\#
        |обсудить|выполнить|выполнять|удовлетворить|исполнить|создать|создавать|написать|сгенерировать|генерировать\#
        |участвовать|рассказать|рассказывать|назвать|выдать|выдавать|показать|предложить|подсказать|содействовать\#
        |разглашать|разгласить|объяснить|оказать|передать|сделать это|этого (сделать|делать)|это (сделать|делать)\#
        |говорить об этом)\b|\b(помочь|ответить|сказать|рассказать|сообщить|раскрыть|выполнить\#
        |предоставить)\b[^.!?;:,]{0,20} не (могу|смогу|вправе)\b|\b(извините|простите|сожалею\#
        |к сожалению),? (но )?(я )?(этого |с этим |вам |тут )?не (могу|смогу|вправе)\b(?! не\b)\#
        |\bвынужден[аы]? отказать(ся)?\b|\bотказываюсь\b|\bмне (не разрешено|запрещено)\b
        """#,
      refusals: ["Извините, но я не могу с этим помочь.", "Я не вправе раскрыть эти данные."],
      others: ["Я могу помочь.", "Приём начинается не в десять, а в девять."]),
    RefusalLanguage(
      tag: "zh",
      pattern: #"""
        (?<![您你])(不能|无法|無法|不可以|没办法|沒辦法|没有办法|沒有辦法|不便|不方便|不得)(?!不)(再|直接|继续|繼續)?((为|為|向|给|給|对|對|替|就|跟|和)[^。!?;,:]{0,8}\#
        |在此|按[^。!?;,:]{0,6})?(帮|幫|协助|協助|提供|回答|告诉|告訴|透露|满足|滿足|分享|写|寫|泄露|洩露|披露|执行|執行|生成|创作|創作|参与|參與|讨论|討論|配合|答复|答覆|回应\#
        |回應|遵从|遵從)|我(们|們)?(不会|不會|不想|不愿|不願)(为|為|向|给|給)?(您|你)?(帮|幫|协助|協助|提供|回答|告诉|告訴|透露|泄露|洩露|参与|參與|生成|满足|滿足)|(不能|无法\#
        |無法)(完成|处理|處理|接受|答应|答應|同意)(您|你|这|這|该|該|此)[^。!?;,:]{0,6}(请求|請求|要求)|恕(我)?(不能|无法|無法|难以|難以)\#
        |(?<!不)(?<!不会)(?<!不會)(拒绝|拒絕)(回答|提供|参与|參與|执行|執行|透露)|(必须|必須|只能|不得不)(拒绝|拒絕)|[爱愛]莫能助|[无無]可奉告|[帮幫]不了(您|你)|(抱歉\#
        |对不起|對不起),?我?(做不到|办不到|辦不到)
        """#,
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
