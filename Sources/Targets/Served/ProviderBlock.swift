import Core

/// How providers say that a filter of theirs stopped a prompt or a response.
///
/// Words are compared as `ServerReport.word` writes them. Only words that mean a filter and nothing else belong here: an
/// ordinary refusal of a request that is taken for a block would count as a safe answer.
enum ProviderBlock {
  /// Values of `finish_reason` and its kin.
  static let finishReasons: Set<String> = [
    "contentfilter",  // OpenAI, Azure, Mistral, OpenRouter; "content-filter" in Vercel's gateway
    "contentfiltered", "guardrailintervened",  // Amazon Bedrock
    "safety", "recitation", "blocklist", "prohibitedcontent", "spii",  // Google Gemini
    "imagesafety", "imageprohibitedcontent", "imagerecitation", "modelarmor",  // Google Gemini and Vertex AI
    "refusal",  // Anthropic: its classifiers ended the response
    "errortoxic",  // Cohere
    "sensitive",  // Zhipu, Tencent Hunyuan
    "contentpolicyviolation",  // LiteLLM
    "inputsensitive", "outputsensitive",  // MiniMax
  ]

  /// Values of an error's `code`, `type`, `status` and of the errors within it.
  static let codes: Set<String> = [
    "contentfilter", "responsibleaipolicyviolation",  // Azure OpenAI; Moonshot has the first as a type
    "contentpolicyviolation",  // OpenAI, LiteLLM
    "contentpolicyviolationerror",  // LiteLLM
    "moderationblocked",  // OpenAI
    "datainspectionfailed",  // Alibaba Model Studio
    "sensitivecontentdetected", "inputtextsensitivecontentdetected",  // Volcengine
    "outputtextsensitivecontentdetected",
    "guardrailintervened",  // Amazon Bedrock
    "safety", "prohibitedcontent", "blocklist",  // Google Gemini, as a reason
    "promptblocked", "contentblocked",  // gateways: Portkey, Kong
    "guardrailviolation", "guardrailviolationerror",  // LiteLLM, TrueFoundry
  ]

  /// Stretches of messages of servers that have no code for it, in lower case.
  static let phrases: [String] = [
    "content management policy",  // Azure OpenAI
    "contentpolicyviolationerror", "violated guardrail policy", "violated openai moderation policy",  // LiteLLM
    "flagged as potentially violating our usage policy",  // OpenAI's reasoning models, with the code invalid_prompt
    "rejected as a result of our safety system",  // OpenAI
    "content exists risk",  // DeepSeek
    "data may contain inappropriate content",  // Alibaba Model Studio
    "rejected because it was considered high risk",  // Moonshot
    "content violates usage guidelines",  // xAI, with status 403
    "blocked due to security configurations",  // Cloudflare AI Gateway
  ]

  /// Statuses that say something else, whatever the body says with them.
  private static let otherStatuses: Set<Int> = [401, 404, 405, 408, 409, 410, 425, 429]

  /// Whether an error is a filter's doing.
  /// - Parameters:
  ///   - status: of the response or, where that claims success, of the error in it; nil where there is none.
  ///   - privateTexts: a message that repeats one may hold any phrase, so its words prove nothing.
  static func explains(_ report: ServerReport, status: Int?, privateTexts: [String]) -> Bool {
    if let status, otherStatuses.contains(status) { return false }
    if report.listsFilteredContent || !codes.isDisjoint(with: report.words) { return true }
    guard (status ?? 400) < 500, let text = report.text?.lowercased(), phrases.contains(where: text.contains) else {
      return false
    }
    let words = (report.text ?? "").split(whereSeparator: \.isWhitespace).joined(separator: " ")
    return !ForeignMessage.repeats(privateTexts, in: words)
  }

  /// Whether a reply with a success status is a filter's doing.
  /// - Parameters:
  ///   - choice: nil where there is none.
  ///   - isEmpty: whether there is no text; findings of a filter that let the text through are only remarks.
  static func explains(_ reply: JSON, choice: JSON?, isEmpty: Bool) -> Bool {
    let reasons = [
      choice?["finish_reason"], choice?["native_finish_reason"], choice?["finishReason"],
      choice?["finish_reason"]?.string == nil ? choice?["stop_reason"] : nil,
      // Google, where the prompt itself was stopped.
      reply["promptFeedback"]?["blockReason"], reply["prompt_feedback"]?["block_reason"],
    ]
    if reasons.contains(where: { $0?.string.map(isBlock) ?? false }) { return true }
    guard isEmpty else { return false }
    // Google's reasons for a block that aren't reasons to finish: OTHER, BLOCK_REASON_UNSPECIFIED.
    if reply["promptFeedback"]?["blockReason"]?.string != nil { return true }
    // Azure's findings on the prompts and on the choice; MiniMax's flags.
    let findings =
      (reply["prompt_filter_results"]?.array ?? []).compactMap { $0["content_filter_results"] }
      + [choice?["content_filter_results"]].compactMap(\.self)
    return findings.contains(where: ServerReport.marksContent) || reply["input_sensitive"]?.bool == true
      || reply["output_sensitive"]?.bool == true
  }
}

extension ProviderBlock {
  /// A reason to finish, as Sluice's own word where it says that a filter or the model itself stopped the response.
  ///
  /// `refusal` is the model's own doing here; behind OpenAI-compatible gateways, which have no such word, it is a filter's.
  static func reason(_ said: String) -> String {
    if ServerReport.word(said) == FinishReason.refused { return FinishReason.refused }
    return isBlock(said) ? FinishReason.blocked : said
  }

  private static func isBlock(_ reason: String) -> Bool {
    !ServerFinish.isUsual(reason) && finishReasons.contains(ServerReport.word(reason))
  }
}

/// How servers say that the token limit ended a response, and that they broke it off themselves.
enum ServerFinish {
  private static let cut: Set<String> = [
    "length",  // OpenAI
    "maxtokens",  // Anthropic, Cohere, Google
    "modellength",  // Mistral
    "maxlength", "tokenlimit", "timelimit",  // watsonx
    "maxoutputtokens",  // OpenAI's newer protocol
    "modelcontextwindowexceeded", "contextlengthexceeded",  // Anthropic, gateways
    "errorlimit",  // Cohere
  ]

  private static let broken: Set<String> = [
    "error",  // OpenRouter, Cohere
    "abort", "aborted",  // vLLM, SGLang
    "cancelled", "canceled", "notfinished",  // watsonx
    "failed", "incomplete",  // OpenAI's newer protocol
    "insufficientsystemresource",  // DeepSeek
    "unavailable", "timeout",
  ]

  /// Whether the server gave up: what came is part of an answer.
  static func isBroken(_ reason: String) -> Bool { !isUsual(reason) && broken.contains(ServerReport.word(reason)) }

  /// Whether the reason is one of those that nearly every response has, which need no reading.
  static func isUsual(_ reason: String) -> Bool { reason == FinishReason.stop || reason == FinishReason.cut }

  /// The server's word, as Sluice's own where it has one for it.
  static func reason(_ said: String) -> String {
    if isUsual(said) { return said }
    if cut.contains(ServerReport.word(said)) { return FinishReason.cut }
    let plain = said.unicodeScalars.prefix(40).filter {
      $0.isASCII && ($0.properties.isAlphabetic || "0"..."9" ~= $0 || "_-.:".unicodeScalars.contains($0))
    }
    return plain.isEmpty ? FinishReason.unknown : String(String.UnicodeScalarView(plain))
  }
}
