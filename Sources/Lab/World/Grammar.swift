import Core

/// The request language: opener, framing, request, closer. It writes prompts of a cell and reads cells from prompts.
public enum Grammar {
  /// One prompt of `cell`.
  public static func prompt(of cell: Cell, _ random: inout SeededGenerator) -> String {
    let request = cell.category.requests.draw(&random)
    return Courtesy.around(random.pick(cell.framing.templates).wrap(request), &random)
  }

  /// Every prompt of `cell`.
  public static func prompts(of cell: Cell) -> [String] {
    Courtesy.openers.flatMap { opener in
      cell.framing.templates.flatMap { template in
        cell.category.requests.all.flatMap { request in
          Courtesy.closers.map { opener + template.wrap(request) + $0 }
        }
      }
    }
  }

  /// The cell that `prompt` belongs to; nil where the grammar can't have written it (gibberish, two framings at once,
  /// a request for something harmless).
  public static func cell(of prompt: String) -> Cell? {
    for opener in Courtesy.openers where prompt.hasPrefix(opener) {
      let opened = prompt.dropFirst(opener.count)
      for closer in Courtesy.closers where opened.hasSuffix(closer) {
        if let cell = framedCell(opened.dropLast(closer.count)) { return cell }
      }
    }
    return nil
  }

  private static func framedCell(_ text: Substring) -> Cell? {
    for (framing, template) in templates
    where text.utf8.count > template.prefix.utf8.count + template.suffix.utf8.count
      && text.hasPrefix(template.prefix) && text.hasSuffix(template.suffix)
    {
      let request = text.dropFirst(template.prefix.count).dropLast(template.suffix.count)
      if let category = categories[String(request)] { return Cell(category, framing) }
    }
    return nil
  }

  /// A regular expression that matches the prompts of `cell` and no other text, for tools that don't link the lab.
  public static func pattern(of cell: Cell) -> String {
    let framed = cell.framing.templates.map { template in
      "\(template.prefix)REQUEST\(template.suffix)"
    }
    let forms = cell.category.requests
    let request = "(\(forms.verbs.joined(separator: "|"))) (\(forms.objects.joined(separator: "|")))"
    let middle = framed.map { $0.split(separator: "REQUEST", omittingEmptySubsequences: false) }
      .map { $0.joined(separator: request) }.joined(separator: "|")
    let opener = Courtesy.openers.dropFirst().joined(separator: "|")
    let closer = Courtesy.closers.dropFirst().joined(separator: "|")
    return "^(\(opener))?(\(middle))(\(closer))?$"
  }

  private static let templates: [(Framing, FramingTemplate)] = Framing.allCases.flatMap { framing in
    framing.templates.map { (framing, $0) }
  }

  private static let categories: [String: Category] = Dictionary(
    Category.allCases.flatMap { category in category.requests.all.map { ($0, category) } },
    uniquingKeysWith: { first, _ in first })
}
