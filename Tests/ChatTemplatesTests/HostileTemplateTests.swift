import Core
import Testing

@testable import ChatTemplates

@Suite("Chat templates that do harm or aren't understood")
struct HostileTemplateTests {
  private func error(_ source: String) -> TemplateError? {
    do {
      _ = try ChatTemplate(source).render(
        [("messages", .array([.object([.init("role", .string("user"))])]))],
        time: TemplateTime(year: 2026, month: 1, day: 1))
      return nil
    } catch {
      return error
    }
  }

  @Test("end at a limit instead of running for ever, exhausting memory or the stack")
  func limits() {
    let deep = String(repeating: "(", count: 5_000) + "1" + String(repeating: ")", count: 5_000)
    for source in [
      "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
      "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
      "{% set x = namespace(s='aaaaaaaa') %}{% for i in range(64) %}{% set x.s = x.s ~ x.s %}{% endfor %}",
      "{% set x = namespace(s=[1]) %}{% for i in range(64) %}{% set x.s = x.s + x.s %}{% endfor %}",
      "{{ 'a' * 9223372036854775807 }}", "{{ [0] * 1000000000000 }}", "{{ 'a'.ljust(9000000000) }}",
      "{{ 'a'|center(9000000000) }}",
      "{{ 'a'|indent(9000000000) }}", "{{ '\(String(repeating: "a", count: 9_000))'|replace('', 'b' * 900000) }}",
      "{{ '7'.zfill(99999999999) }}", "{{ [1]|batch(999999, 0)|list|length }}{{ [1]|batch(9999999, 0)|list }}",
      "{{ \(deep) }}",
      "{{ \(String(repeating: "not ", count: 5_000))1 }}", "{{ \(String(repeating: "-", count: 5_000))1 }}",
      "{{ \(String(repeating: "[", count: 5_000)) }}", "{{ a\(String(repeating: "|f(a", count: 5_000)) }}",
      String(repeating: "{% if 1 %}", count: 5_000), "{{ 1\(String(repeating: " + 1", count: 5_000)) }}",
      "{{ a\(String(repeating: ".a", count: 5_000)) }}", String(repeating: "x", count: 1_000_001),
      "{% set n = namespace(l=[]) %}{% for i in range(300) %}{% set n.l = [n.l] %}{% endfor %}{{ n.l }}",
      "{% for i in range(99999) %}{{ 'abcdefghij' * 50 }}{% endfor %}",
    ] {
      let found = error(source)
      #expect(found != nil, "\(source.prefix(80)) was rendered")
      #expect([.limit, .failed, .unsupported, .syntax].contains(found?.kind))
    }
    #expect(error("{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}")?.kind == .limit)
    #expect(error("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}")?.kind == .limit)
  }

  @Test("can be freed however deeply they nest expressions, values, macros and namespaces")
  func nesting() {
    for link in [" + 1", ".a", "|trim", " or a", " ~ a", " if a", "[0]", "(1)", " * 2", " ** 1", " == a"] {
      _ = error("{{ a\(String(repeating: link, count: 100_000)) }}")
    }
    let loop = "{% set n = namespace(l=[]) %}{% for i in range(99999) %}"
    for body in [
      "{% set n.l = [n.l] %}", "{% set n.l = (n.l, 1) %}", "{% set n.l = {'a': n.l} %}",
      "{% set n.l = namespace(l=n.l) %}", "{% set n.l = n.l|batch(1) %}", "{% set n.l = dict(a=n.l) %}",
      "{% set g = n.l %}{% macro f() %}{% endmacro %}{% set n.l = f %}",
    ] {
      _ = error(loop + body + "{% endfor %}{{ n.l == n.l }}")
    }
    #expect(error(loop + "{% set n.l = [n.l] %}{% endfor %}")?.kind == .limit)
    #expect(error("{{ 1\(String(repeating: " + 1", count: 100_000)) }}")?.kind == .limit)
  }

  @Test(
    "name the line of what is outside the subset",
    arguments: [
      ("\n\n{{ messages|urlize }}", 3, "urlize"), ("\n{% include 'x' %}", 2, "include"),
      ("{% block a %}{% endblock %}", 1, "block"),
      ("\n{% for a in b recursive %}{% endfor %}", 2, "recursive"), ("{{ 1 }}\n{{ 'x' is nonsense }}", 2, "nonsense"),
      ("{{ f(*a) }}", 1, "*"), ("\n{{ '{}'.format(1) }}", 2, "format"), ("\n\n\n{{ lipsum() }}", 4, "lipsum"),
      ("{{ 99999999999999999999 }}", 1, "64 bits"),
    ])
  func unsupported(source: String, line: Int, word: String) {
    let found = error(source)
    #expect(found?.kind == .unsupported && found?.line == line, "\(found.map { "\($0)" } ?? "rendered")")
    #expect(found?.message.contains(word) == true)
  }

  @Test("name the line of broken syntax and of what fails")
  func lines() {
    #expect(error("a\n{% if x %}\nb")?.line == 3)
    #expect(error("a\n\n{{ x y }}")?.line == 3)
    #expect(error("a\n{# no end")?.line == 2)
    #expect(error("\n\n{{ undefinedname.x }}\n")?.line == 3)
    let raised = error("\n{{ raise_exception('no system') }}")
    #expect(raised?.kind == .raised && raised?.line == 2 && raised?.message == "no system")
    #expect(error("{{ messages.append(1) }}")?.kind == .failed)
    #expect(error("{% set messages.x = 1 %}")?.kind == .failed)
  }

  @Test("reach nothing but their own values")
  func sandbox() throws {
    for source in [
      "{{ ''.__class__.__mro__ }}", "{{ messages.__class__.__init__ }}", "{{ namespace.__init__.__globals__ }}",
    ] {
      #expect(error(source) != nil, "\(source)")
    }
    let rendering = try ChatTemplate("{{ ''.__class__ }}|{{ messages[0]['__class__'] }}").render(
      [("messages", .array([.object([])]))], time: TemplateTime(year: 2026, month: 1, day: 1))
    #expect(rendering.text == "|" && !rendering.usesTime)
  }

  @Test("of random bytes and cut templates are rendered or refused, never a trap")
  func mutations() {
    let source = """
      {%- set ns = namespace(a=1) -%}{% macro f(x, y=2) %}{{ x ~ y }}{% endmacro %}
      {% for m in messages if m.role != 'z' %}{{ f(m.role | upper, y=[1, 2][-1:]) }}{% else %}-{% endfor %}
      {% raw %}{{ }}{% endraw %}{# c #}{{ {'a': 1.5}['a'] // 2 if ns.a is odd else "\\u00e9" }}
      """
    var random = SeededGenerator(seed: 5, stream: "templates")
    let bytes = Array(source.utf8)
    var rendered = 0
    for length in 0..<bytes.count { _ = error(String(decoding: bytes[..<length], as: UTF8.self)) }
    for _ in 0..<4_000 {
      var changed = bytes
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let place = Int.random(in: 0..<changed.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: changed.remove(at: place)
        case 1: changed.insert(Array("{}%#()[]|.:,'\"~-+*/<=> ".utf8).randomElement(using: &random) ?? 0, at: place)
        case 2: changed[place] = UInt8.random(in: 0...255, using: &random)
        default:
          let start = Int.random(in: 0..<bytes.count, using: &random)
          changed.insert(contentsOf: bytes[start..<min(bytes.count, start + 12)], at: place)
        }
      }
      if error(String(decoding: changed, as: UTF8.self)) == nil { rendered += 1 }
    }
    #expect(rendered > 100 && rendered < 3_900)
  }

  @Test("tell the date in the C locale's words")
  func time() throws {
    let time = TemplateTime(year: 2024, month: 2, day: 29, hour: 0, minute: 5, second: 9)
    #expect(
      try time.text("%A %a %d %-d %e %B %b %Y %y %j %H %I %M %S %p %F %T %%")
        == "Thursday Thu 29 29 29 February Feb 2024 24 060 00 12 05 09 AM 2024-02-29 00:05:09 %")
    let rendering = try ChatTemplate("{{ strftime_now('%d %b %Y') }}").render([], time: time)
    #expect(rendering.text == "29 Feb 2024" && rendering.usesTime)
  }
}
