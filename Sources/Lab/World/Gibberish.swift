import Core

/// Text made of the request language's words that belongs to no cell: what an attacker writes while it is learning.
///
/// The damage is coarse on purpose. One slip in a request leaves its meaning, and an assistant may well react as to the
/// request itself; only text without a request is puzzling.
enum Gibberish {
  static func text(_ random: inout SeededGenerator) -> String {
    while true {
      let text = jumbled(&random)
      if !text.isEmpty && Grammar.cell(of: text) == nil { return text }
    }
  }

  private static func jumbled(_ random: inout SeededGenerator) -> String {
    var words = words(&random)
    switch random.next() % 3 {
    case 0:
      // The words of a request in any order.
      words.shuffle(using: &random)
    case 1:
      // The words of two requests in any order.
      words += self.words(&random)
      words.shuffle(using: &random)
    default:
      // A framing around nothing.
      let template = random.pick(random.pick(Framing.allCases).templates)
      words = Courtesy.around(template.wrap(""), &random).split(separator: " ").map(String.init)
    }
    return words.prefix(12).joined(separator: " ")
  }

  private static func words(_ random: inout SeededGenerator) -> [String] {
    Grammar.prompt(of: random.pick(Cell.all), &random).split(separator: " ").map(String.init)
  }
}
