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
    _ = try render("Hello")
  }

  /// The whole text.
  /// - Throws: `SluiceError` (usage) where the chat template refuses it.
  public func render(_ prompt: String) throws -> String {
    switch form {
    case .text(let template): template.render(prompt)
    case .chat(let chat, let system, let time): try chat.render(prompt, system: system, time: time).text
    }
  }

  /// The ids of what `render` gave. A chat template says itself what stands around a text, so the tokenizer adds nothing.
  /// Special tokens that a prompt spells are read as such, as transformers does.
  public func tokens(rendered text: String) -> [Int] {
    model.tokenizer.encode(text, addingSpecialTokens: !isChat)
  }

  /// Whether the checkpoint's chat template is used.
  public var isChat: Bool { if case .chat = form { true } else { false } }

  /// Whether the chat template asks for the time, so that another day's prompts may be others.
  public var usesTime: Bool {
    guard case .chat(let chat, let system, let time) = form else { return false }
    return (try? chat.render("", system: system, time: time).usesTime) ?? false
  }
}
