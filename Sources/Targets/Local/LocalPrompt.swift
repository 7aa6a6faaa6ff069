import ChatTemplates
import Core
import LanguageModels

/// What a local model is given for a prompt: the settings' template around it, else the checkpoint's own, else its chat
/// template rendered, else the prompt alone.
public struct LocalPrompt: Sendable {
  private enum Form: Sendable {
    case text(PromptTemplate)
    case chat(ChatPrompt, system: String?, TemplateTime)
  }

  private let form: Form
  private let model: CausalLanguageModel

  /// - Parameter time: what a chat template is told that asks for the date.
  /// - Throws: `SluiceError` (usage) where the checkpoint's chat template can't be rendered, or refuses the settings.
  public init(_ model: CausalLanguageModel, _ settings: SamplingSettings, time: TemplateTime) throws {
    self.model = model
    if let template = settings.template ?? model.promptTemplate {
      form = .text(PromptTemplate(template, system: settings.system))
      return
    }
    switch model.chat {
    case .none: form = .text(PromptTemplate("{prompt}", system: settings.system))
    case .template(let chat): form = .chat(chat, system: settings.system, time)
    case .unreadable(let error): throw error
    }
    // What no prompt could be rendered with is said before the first.
    _ = try render(Self.example)
  }

  /// The whole text.
  /// - Throws: `SluiceError` (usage) where the chat template refuses it.
  public func render(_ prompt: String) throws -> String { try rendered(prompt).text }

  /// The whole text of a conversation up to where the model answers.
  /// - Throws: `SluiceError` (usage) where the chat template refuses it, or there is none.
  public func render(_ turns: [Conversation.Message], system: String?) throws -> String {
    guard case .chat(let chat, let usual, let time) = form else {
      throw SluiceError(.usage, "the checkpoint has no chat template, and so no turns")
    }
    return try chat.render(turns.map { ($0.role.rawValue, $0.text) }, system: system ?? usual, time: time).text
  }

  /// The whole text, and whether it tells the time, and so another one tomorrow.
  /// - Throws: `SluiceError` (usage) where the chat template refuses it.
  public func rendered(_ prompt: String) throws -> (text: String, usesTime: Bool) {
    switch form {
    case .text(let template): return (template.render(prompt), false)
    case .chat(let chat, let system, let time):
      let rendering = try chat.render(prompt, system: system, time: time)
      return (rendering.text, rendering.usesTime)
    }
  }

  /// The ids of what `render` gave. A chat template says itself what stands around a text, so the tokenizer adds nothing.
  /// Special tokens that a prompt spells are read as such, as transformers does.
  public func tokens(rendered text: String) -> [Int] {
    model.tokenizer.encode(text, addingSpecialTokens: !isChat)
  }

  /// Whether the checkpoint's chat template is used.
  public var isChat: Bool { if case .chat = form { true } else { false } }

  /// What tells these prompts from those of another time: a conversation as it is rendered, and everything that the chat
  /// template can tell of the time in others. Nil where prompts are the same at all times.
  /// - Throws: `SluiceError` (usage) where the chat template refuses the conversation.
  func identityInTime() throws -> String? {
    guard case .chat(let chat, _, let time) = form, let told = chat.told(of: time) else { return nil }
    return try told + "|" + render(Self.example)
  }

  /// The tokens with which every prompt begins that these settings give: the start, the system prompt, the marks before the
  /// user's words. They are the settings' alone, whatever is asked.
  /// - Returns: none where there are fewer than `least`.
  func opening(least: Int) -> [Int] {
    // Two that have nothing in common: letters of other cases, digits.
    guard let one = try? render(Self.example), let other = try? render("7th") else { return [] }
    let common = zip(tokens(rendered: one), tokens(rendered: other)).prefix { $0 == $1 }.map(\.0)
    return common.count < least ? [] : common
  }

  private static let example = "Hello"
}
