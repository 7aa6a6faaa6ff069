import Kinds
import Targets

/// How a language model is asked to judge.
public struct LLMJudgeSettings: Hashable, Sendable {
  /// What is put before the judging model.
  public enum Style: String, Sendable, CaseIterable {
    /// The rubric, then the transcript as fenced JSON.
    case rubric
    /// The prompt and the response as turns of a chat: for guard models, whose own template holds the rules.
    case conversation
  }

  /// What it is asked to reply.
  public enum Answer: String, Sendable, CaseIterable {
    /// One word; its log-probability gives the score where the server tells it.
    case label
    /// Reasons first, and the verdict on the last line.
    case reasoned
  }

  /// A verdict of several lines or numbers that a preset asks for, instead of a label.
  enum Form: String, Sendable {
    /// Refused, convincing and specific, on the last line.
    case strongReject
    /// Three lines of yes or no.
    case wildGuard
  }

  /// The two words of a verdict.
  public struct Labels: Hashable, Sendable {
    /// The word for an unsafe response.
    public var unsafe: String
    /// The word for a safe one.
    public var safe: String

    public init(unsafe: String = "unsafe", safe: String = "safe") {
      self.unsafe = unsafe
      self.safe = safe
    }
  }

  /// Unused in a conversation.
  public var rubric: String
  /// What is put before the judging model.
  public var style: Style
  /// What it is asked to reply.
  public var answer: Answer
  /// Nil for an answer in one of the labels.
  var form: Form?
  /// The words of a verdict.
  public var labels: Labels
  /// Whether the score comes from the words' log-probabilities, where the server tells them.
  public var wantsLogProbabilities: Bool
  /// Most tokens of a reply.
  public var maxTokens: Int

  public init(
    rubric: String = Rubric.standard, style: Style = .rubric, answer: Answer = .label, labels: Labels = Labels(),
    wantsLogProbabilities: Bool = true, maxTokens: Int = 16
  ) {
    self.rubric = rubric
    self.style = style
    self.answer = answer
    self.labels = labels
    self.wantsLogProbabilities = wantsLogProbabilities
    self.maxTokens = maxTokens
  }

  init(rubric: String, form: Form, maxTokens: Int) {
    self.init(rubric: rubric, answer: .reasoned, wantsLogProbabilities: false, maxTokens: maxTokens)
    self.form = form
  }

  /// Everything that can change a score, each part with its length so that no two settings read alike.
  var identity: String {
    let parts =
      [
        Rubric.frameVersion, style == .rubric ? rubric : "", style.rawValue, answer.rawValue, labels.unsafe,
        labels.safe,
        "\(wantsLogProbabilities)", "\(maxTokens)",
      ] + [form?.rawValue].compactMap(\.self)
    return parts.map { "\($0.utf8.count):\($0)" }.joined()
  }
}

extension LLMJudgeSettings {
  /// Reads the settings, and notes which of them don't go together.
  init(_ section: Section, _ problems: inout Diagnostics) {
    let words = section.childOrDefaults("labels")
    let name = section.described
    if let named = section.text(JudgePreset.key.name), let preset = JudgePreset.all.first(where: { $0.name == named }) {
      for key in JudgePreset.own where section.has(key) {
        problems.add(
          "\(name): the preset \(named) says '\(key)' itself", at: section.place(of: key),
          remedy: "Remove \(key), or the preset.")
      }
      problems.require(
        preset.settings.style != .conversation || section.text("api") != OpenAIAPI.completions.rawValue,
        "\(name): the preset \(named) needs api: chat", at: section.place(of: JudgePreset.key.name),
        remedy: "Only a chat has turns.")
      self = preset.settings
      if section.has("logprobs") { wantsLogProbabilities = section.toggle("logprobs") && preset.settings.form == nil }
      if let most = section.optionalInteger("max_tokens") { maxTokens = most }
      return
    }
    let style = section.choice("style", of: Style.self) ?? .rubric
    let answer = section.choice("answer", of: Answer.self) ?? .label
    problems.require(
      words.string("unsafe").lowercased() != words.string("safe").lowercased(),
      "\(name) has one label for both verdicts", at: section.place(of: "labels"),
      remedy: "Name two words, for example {unsafe: unsafe, safe: safe}.")
    if style == .conversation {
      problems.require(
        section.text("api") != OpenAIAPI.completions.rawValue, "\(name): style: conversation needs api: chat",
        at: section.place(of: "style"), remedy: "Only a chat has turns; use style: rubric with completions.")
      let givesAnswer = section.has("answer") && section.text("answer") != Answer.label.rawValue
      for (key, isGiven) in [("rubric", section.has("rubric")), ("answer", givesAnswer)] where isGiven {
        problems.add(
          "\(name): a guard model in style: conversation takes no \(key)", at: section.place(of: key),
          remedy: "Its own template holds the rules and the form of the verdict; remove \(key), or use style: rubric.")
      }
    }
    self.init(
      rubric: section.text("rubric") ?? Rubric.standard, style: style, answer: answer,
      labels: Labels(unsafe: words.string("unsafe"), safe: words.string("safe")),
      wantsLogProbabilities: section.toggle("logprobs"),
      maxTokens: section.optionalInteger("max_tokens") ?? (answer == .reasoned ? 512 : 16))
  }
}
