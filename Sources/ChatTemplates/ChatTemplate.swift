import Core

/// A model's own chat template: the subset of Jinja that published templates use, with Python's meaning of values and the
/// settings that Hugging Face transformers renders with (`trim_blocks`, `lstrip_blocks`, immutable values).
///
/// Templates come from strangers: parsing and rendering take bounded time, memory and stack, and reach nothing but the
/// values that they are given. Jinja: https://jinja.palletsprojects.com/en/stable/templates/
public struct ChatTemplate: Hashable, Sendable {
  /// The template, as its author wrote it.
  public let source: String
  let body: [Statement]
  private let clock: ClockUse

  /// Parses a template.
  /// - Throws: `TemplateError` with the line of what is no Jinja or is outside the subset.
  public init(_ source: String) throws(TemplateError) {
    guard source.utf8.count <= Limits.source else {
      throw TemplateError(.limit, "the template is longer than \(Limits.source) bytes", line: 1)
    }
    let tokens = try Lexer.tokens(of: source)
    var parser = Parser(tokens)
    body = try parser.template()
    clock = ClockUse(tokens)
    self.source = source
  }

  /// Everything that the template can tell of a time, in whatever conversation: times that are told alike render every
  /// conversation alike. Nil where it can't ask for the time.
  public func told(of time: TemplateTime) -> String? { clock.told(of: time) }

  /// Renders the template.
  ///
  /// - Parameters:
  ///   - variables: what the template sees beside Jinja's own functions: `messages`, `bos_token`, …
  ///   - time: what `strftime_now` tells.
  /// - Throws: `TemplateError` with the line of what failed, `raise_exception` of the template included.
  public func render(_ variables: [(name: String, value: JSON)], time: TemplateTime) throws(TemplateError) -> Rendering
  {
    let renderer = Renderer(variables: variables, time: time)
    do {
      let text = try renderer.text(of: body)
      return Rendering(text: text, usesTime: renderer.usesTime)
    } catch let error as TemplateError {
      throw error
    } catch let fault as Fault {
      throw TemplateError(fault.kind, fault.message, line: renderer.line)
    } catch {
      throw TemplateError(.failed, "\(error)", line: renderer.line)
    }
  }

  public static func == (a: ChatTemplate, b: ChatTemplate) -> Bool { a.source.hasSameBytes(as: b.source) }

  public func hash(into hasher: inout Hasher) { for byte in source.utf8 { hasher.combine(byte) } }

  /// What a template made of its variables.
  public struct Rendering: Hashable, Sendable {
    /// The prompt that the model reads.
    public let text: String
    /// Whether the template asked for the time, and so may say something else tomorrow.
    public let usesTime: Bool
  }
}
