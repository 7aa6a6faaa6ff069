import Core

/// What a server has been found to accept, from the refusals of earlier requests. Each correction is made once, so that a
/// request meets only so many.
struct ServerDialect: Hashable, Sendable {
  /// Members of a request that a server may do without.
  enum Key: String, CaseIterable, Sendable {
    /// Asks for a draw of its own for each sample. Some servers draw the same for equal requests unless told a seed,
    /// which would make k "independent" responses one.
    case seed
    case topP = "top_p"
    case temperature

    /// As protocols write it that have capitals instead of underscores (`topP`), in lower case.
    fileprivate var spellings: [String] { [rawValue, rawValue.filter { $0 != "_" }] }
    fileprivate func isNamed(in names: Set<String>) -> Bool { !names.isDisjoint(with: spellings) }
  }

  private(set) var leftOut: Set<Key>
  /// Newer hosted models want `max_completion_tokens`.
  private(set) var limitsCompletionTokens = false
  /// Some hosted models only stream; `StreamedReply` puts together what they send.
  private(set) var streams = false
  /// Alternatives a token, where log-probabilities are wanted; 0 asks for none.
  private(set) var alternatives = 20

  /// - Parameter unknown: members that the protocol doesn't know.
  init(without unknown: Set<Key> = []) { leftOut = unknown }

  /// What becomes of a request that was refused.
  enum Correction: Hashable, Sendable {
    case dialect(ServerDialect)
    /// The policy asks for what the model doesn't take; says so, and what to do.
    case policy(String)
  }

  /// What may be done about a refusal with `report`; nil where it isn't about a member of the request.
  func correction(after report: ServerReport, of question: ServerQuestion) -> Correction? {
    let text = report.text ?? ""
    let line = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    let quotesPrompt = ForeignMessage.repeats(question.privateTexts, in: line)
    let named = Self.names(in: text).union(report.parameters)
    let refuses = !report.parameters.isEmpty || Self.isAboutAcceptance(text, report.words)
    var next = self
    // Servers that name several keys ("temperature and top_p cannot both be given") mean any of them: the one that
    // changes least goes first.
    if !limitsCompletionTokens,
      named.contains("max_completion_tokens")
        || named.contains("max_tokens") && Self.isAboutAcceptance(text, report.words)
    {
      next.limitsCompletionTokens = true
    } else if question.wantsLogProbabilities, alternatives > 0,
      !named.isDisjoint(with: ["logprobs", "top_logprobs", "logprob"])
    {
      // Some servers have them, and fewer of them.
      let isAboutNumber = named.contains("top_logprobs") && !Self.isAboutAcceptance(text, report.words)
      next.alternatives = alternatives > 5 && isAboutNumber ? 5 : 0
    } else if !leftOut.contains(.seed), Key.seed.isNamed(in: named) {
      next.leftOut.insert(.seed)
    } else if !streams, named.contains("stream"), Self.wantsStream(text) {
      next.streams = true
    } else if refuses, !quotesPrompt {
      let keys = [Key.topP, .temperature].filter { $0.isNamed(in: named) && !leftOut.contains($0) }
      if let key = keys.first(where: question.canDo(without:)) {
        next.leftOut.insert(key)
      } else if let key = keys.first {
        return .policy(
          "the model refuses '\(key.rawValue)' as the policy sets it: take \(key.rawValue) out of the policy")
      } else if question.hasSystemPrompt, named.contains("system"), named.contains("role") {
        return .policy("the model takes no system prompt: take 'system' out of the policy, or put it into 'template'")
      }
    }
    return next == self ? nil : .dialect(next)
  }

  /// Whether a refusal is about a member as such or about its value being one of a few, rather than out of range.
  private static func isAboutAcceptance(_ text: String, _ words: Set<String>) -> Bool {
    let codes: Set<String> = [
      "unsupportedparameter", "unsupportedvalue", "unknownparameter", "unrecognizedparameter", "extraforbidden",
    ]
    if !codes.isDisjoint(with: words) { return true }
    let phrases = [
      "unsupported", "not support", "n't support", "not be specified", "cannot both", "unknown", "unrecognized",
      "unrecognised", "unexpected", "extra inputs", "extra fields", "not permitted", "not allowed", "not available",
      "not accepted", "not a valid parameter", "deprecated", "strictly positive", "unable to", "only the default",
    ]
    let lower = text.lowercased()
    return phrases.contains(where: lower.contains)
  }

  private static func wantsStream(_ text: String) -> Bool {
    let lower = text.lowercased()
    return ["only support", "must be", "enable the stream", "required", "set stream", "stream=true"].contains(
      where: lower.contains)
  }

  /// The words of a message as identifiers.
  private static func names(in text: String) -> Set<String> {
    Set(
      text.split { !($0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_")) }.map { $0.lowercased() })
  }
}
