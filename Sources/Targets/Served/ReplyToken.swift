import Core

/// A generated token with its log-probability and those of its rivals.
public struct ReplyToken: Hashable, Sendable {
  /// A token that could have stood there.
  public struct Alternative: Hashable, Sendable {
    /// The token's text, blanks included.
    public let text: String
    /// Natural logarithm.
    public let logProbability: Double
  }

  /// The token's text, blanks included.
  public let text: String
  /// Most probable first, as the server lists them; the token itself among them.
  public let alternatives: [Alternative]

  /// A verdict is in the first few tokens; an answer may have thousands.
  private static let most = 16

  /// The first tokens of a choice, in the shape of the chat protocol or the older one (servers mix them).
  static func first(of choice: JSON) -> [ReplyToken] {
    guard let report = choice["logprobs"] else { return [] }
    if let content = report["content"]?.array { return content.prefix(most).compactMap(chatToken) }
    guard let texts = report["tokens"]?.array else { return [] }
    let own = report["token_logprobs"]?.array ?? []
    let rivals = report["top_logprobs"]?.array ?? []
    return texts.prefix(most).enumerated().compactMap { index, text in
      guard let text = text.string else { return nil }
      let listed = index < rivals.count ? rivals[index].members ?? [] : []
      return ReplyToken(
        text, own: index < own.count ? own[index].double : nil,
        rivals: listed.compactMap { member in member.value.double.map { (member.key, $0) } })
    }
  }

  private static func chatToken(_ json: JSON) -> ReplyToken? {
    guard let text = json["token"]?.string else { return nil }
    let listed = json["top_logprobs"]?.array ?? []
    return ReplyToken(
      text, own: json["logprob"]?.double,
      rivals: listed.compactMap { rival in
        guard let text = rival["token"]?.string, let value = rival["logprob"]?.double else { return nil }
        return (text, value)
      })
  }

  /// Numbers above 0 are no log-probabilities and are left out.
  private init(_ text: String, own: Double?, rivals: [(text: String, value: Double)]) {
    self.text = text
    var all = rivals.filter { $0.value <= 1e-6 }
    if let own, own <= 1e-6, !all.contains(where: { $0.text.utf8.elementsEqual(text.utf8) }) { all.append((text, own)) }
    alternatives = all.map { Alternative(text: $0.text, logProbability: min(0, $0.value)) }
      .sorted { $0.logProbability > $1.logProbability }
  }
}
