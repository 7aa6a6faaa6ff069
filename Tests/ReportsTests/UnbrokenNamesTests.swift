import Testing

@testable import Reports

@Suite("Names that stay on one line")
struct UnbrokenNamesTests {
  private func name(_ text: String) -> String { "<span class=\"name\">\(text)</span>" }

  @Test("are those of models, runs and files; words of prose break as they do anywhere")
  func names() {
    #expect(
      UnbrokenNames.marked("<p>assistant-1.2 must not ship.</p>") == "<p>\(name("assistant-1.2")) must not ship.</p>")
    #expect(
      UnbrokenNames.marked("<li>assistant-1.0はリリース（20261130-143209-uwxk）</li>")
        == "<li>\(name("assistant-1.0"))はリリース（\(name("20261130-143209-uwxk"))）</li>")
    #expect(UnbrokenNames.marked("see out/report-a.html, please") == "see \(name("out/report-a.html")), please")
    for prose in ["a safety-tuned model", "-1.5 to -3", "1 - 2", "x &amp;amp; y", "", "--", "a &lt;b-c&gt;"] {
      #expect(UnbrokenNames.marked(prose) == prose)
    }
  }

  @Test("Long ones are kept in a headline alone, and those that no line holds nowhere")
  func lengths() {
    let digits = { (count: Int) in "a-" + String(repeating: "1", count: count - 2) }
    func long(_ text: String) -> String { "<span class=\"longname\">\(text)</span>" }
    #expect(
      UnbrokenNames.marked(digits(22)) == name(digits(22)) && UnbrokenNames.marked(digits(23)) == long(digits(23)))
    #expect(UnbrokenNames.marked(digits(44)) == long(digits(44)) && UnbrokenNames.marked(digits(45)) == digits(45))
    // Wide letters fill a line sooner.
    #expect(UnbrokenNames.marked("MMMMMMMMMMMMMMM-1") == long("MMMMMMMMMMMMMMM-1"))
  }

  @Test("Attributes, drawings and styles are left as they are")
  func elsewhere() {
    for markup in [
      #"<td data-label="assistant-1.2">x</td>"#, #"<svg><title>assistant-1.2</title><text>gpt-4.1</text></svg>"#,
      "<style>.a-1.b { }</style>",
    ] { #expect(UnbrokenNames.marked(markup) == markup) }
    #expect(UnbrokenNames.marked("<svg><text>a-1</text></svg>a-1") == "<svg><text>a-1</text></svg>\(name("a-1"))")
    // Whatever comes, nothing is lost.
    for odd in ["<p", "a-1<", "</svg>a-1.2</svg>", "<<a-1>>"] {
      #expect(
        UnbrokenNames.marked(odd).replacing(#"<span class="name">"#, with: "").replacing("</span>", with: "") == odd)
    }
  }
}
