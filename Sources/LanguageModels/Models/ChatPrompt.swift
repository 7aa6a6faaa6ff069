import ChatTemplates
import Core

/// A checkpoint's own chat template, with what it sees beside the messages.
public struct ChatPrompt: Hashable, Sendable {
  /// Where the template stands, for people: a file's name, or a key inside one.
  public let source: String
  /// The file, for messages.
  let file: String
  /// Whether the file is the template, so that its lines are the file's.
  let isFile: Bool
  private let template: ChatTemplate
  private let tokens: [NamedToken]

  /// - Throws: `SluiceError` (usage) with the line of what can't be rendered here.
  init(_ text: FoundTemplate, tokens: [NamedToken]) throws {
    source = text.source
    file = text.file
    isFile = text.isFile
    self.tokens = tokens
    do {
      template = try ChatTemplate(text.text)
    } catch {
      throw Self.explained(error, text.source, file: text.file, isFile: text.isFile)
    }
  }

  /// The template's own words.
  public var text: String { template.source }

  /// Renders one exchange up to where the model answers, as transformers' `apply_chat_template` does with
  /// `add_generation_prompt`. The template alone says whether a start token or a default system prompt goes first.
  ///
  /// - Parameter time: what the template is told where it asks for the date.
  /// - Throws: `SluiceError` (usage) with the template's line: a template may refuse what it is given.
  public func render(_ prompt: String, system: String?, time: TemplateTime) throws -> ChatTemplate.Rendering {
    try render([("user", prompt)], system: system, time: time)
  }

  /// The same for a conversation: each turn with its role.
  public func render(
    _ turns: [(role: String, text: String)], system: String?, time: TemplateTime
  ) throws -> ChatTemplate.Rendering {
    func message(_ role: String, _ content: String) -> JSON {
      .object([.init("role", .string(role)), .init("content", .string(content))])
    }
    let messages = (system.map { [message("system", $0)] } ?? []) + turns.map { message($0.role, $0.text) }
    do {
      return try template.render(
        [
          ("messages", .array(messages)), ("tools", .null), ("documents", .null),
          ("add_generation_prompt", .bool(true)),
        ] + tokens.map { ($0.name, .string($0.text)) }, time: time)
    } catch {
      throw Self.explained(error, source, file: file, isFile: isFile)
    }
  }

  private static func explained(_ error: TemplateError, _ source: String, file: String, isFile: Bool) -> SluiceError {
    // What the template says is foreign text.
    let message = VisibleText.line(error.message)
    let what =
      error.kind == .raised
      ? "the chat template refuses: \(message)" : "the chat template can't be rendered: \(message)"
    return SluiceError(
      .usage, isFile ? what : "\(source), line \(error.line): \(what)",
      at: SourceLocation(file: file, line: isFile ? error.line : nil),
      remedy: error.kind == .raised
        ? "Ask without a system prompt, or state the target's template, with {prompt} where the attack goes."
        : "State the target's template instead, with {prompt} where the attack goes.")
  }

  /// Everything that the template can tell of a time, in whatever conversation; nil where it can't ask for the time.
  public func told(of time: TemplateTime) -> String? { template.told(of: time) }
}

/// What a checkpoint says about turns.
public enum ChatSupport: Hashable, Sendable {
  /// It is no chat model.
  case none
  /// It has a chat template that can be rendered.
  case template(ChatPrompt)
  /// It has a chat template that can't be rendered here, and why.
  case unreadable(SluiceError)

  /// - Throws: `SluiceError` (usage) for a file that can't be read: nobody knows what it would say.
  init(_ find: () throws -> FoundTemplate?, tokens: () throws -> [NamedToken]) throws {
    guard let found = try find() else {
      self = .none
      return
    }
    if let problem = found.problem {
      self = .unreadable(problem)
      return
    }
    let named = try tokens()
    do {
      self = .template(try ChatPrompt(found, tokens: named))
    } catch let error as SluiceError {
      // The model can still be used with a template of the policy's.
      self = .unreadable(error)
    }
  }
}
