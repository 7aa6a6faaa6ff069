import Testing

@testable import Review

@Suite("The page itself")
struct PageTests {
  @Test("Nothing in it is from outside, inline, or made of markup by the script")
  func strict() {
    for word in ["http:", "https:", "//", "<style", "onclick=", "style=", "javascript:"] {
      #expect(!ReviewPage.html.contains(word), "\(word)")
    }
    #expect(ReviewPage.html.matches(of: #/<script[^>]*>(?!</script>)/#).isEmpty)
    for word in [
      "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "http:", "https:", "import(",
    ] {
      #expect(!ReviewScript.text.contains(word), "\(word)")
    }
    #expect(!ReviewStyle.css.contains("url(") && !ReviewStyle.css.contains("@import"))
  }

  @Test("Every element that the script looks for is there or made by it")
  func elements() {
    for match in ReviewScript.text.matches(of: #/\bat\("([a-z-]+)"\)/#) {
      let id = String(match.output.1)
      #expect(
        ReviewPage.html.contains("id=\"\(id)\"") || ReviewScript.text.contains("id: \"\(id)\""), "\(id)")
    }
  }

  @Test("The policy for content allows this page's own files alone")
  func headers() {
    let policy = PageReply.headers["Content-Security-Policy"] ?? ""
    #expect(policy.hasPrefix("default-src 'none'; script-src 'self'; style-src 'self';"))
    #expect(!policy.contains("unsafe") && !policy.contains("*") && policy.contains("frame-ancestors 'none'"))
    #expect(PageReply.headers["Cache-Control"] == "no-store" && PageReply.headers["Referrer-Policy"] == "no-referrer")
  }

  @Test("Each function of the script has a name of its own: a second one would take the first one's place")
  func functions() {
    let names = ReviewScript.text.matches(of: #/\bfunction ([A-Za-z]+)\(/#).map { String($0.output.1) }
    #expect(names.count > 10 && Set(names).count == names.count, "\(names)")
  }
}
