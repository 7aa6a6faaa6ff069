import Core
import Testing

@testable import ChatTemplates

@Suite("The work and memory of a chat template are bounded", .timeLimit(.minutes(2)))
struct TemplateWorkTests {
  /// Texts and lists that take work, and nothing that a template can't make in a line.
  private static let prelude =
    "{% set a = 'a' * 1000000 %}{% set c = 'a' * 1000000 %}{% set b = 'a' * 500000 ~ 'b' %}"
    + "{% set l = range(100000)|list %}{% set m = range(100000)|list %}{% set z = l|map('string')|join(' ') %}"
    + "{% set d = {'k': l, 'a': 1, 'b': 2} %}{% set x = 'x' * 9000000 %}{% set n = '\\n' * 9000000 %}"

  private func render(_ source: String) throws(TemplateError) -> String {
    try ChatTemplate(Self.prelude + source).render([], time: TemplateTime(year: 2026, month: 1, day: 1)).text
  }

  private func expectLimit(_ source: String) {
    do throws(TemplateError) {
      let text = try render(source)
      Issue.record("\(source) rendered \(text.utf8.count) bytes")
    } catch {
      #expect(error.kind == .limit, "\(source): \(error)")
    }
  }

  /// Evaluates an expression again and again.
  private func expectLimit(repeating expression: String) {
    expectLimit("{% for i in range(99999) %}{% if \(expression) %}{% endif %}{% endfor %}")
  }

  @Test("searches are linear, and counted")
  func searches() throws {
    #expect(try render("{{ b in a }}{{ a.find(b) }}{{ a.rfind(b) }}{{ a.count(b) }}") == "False-1-10")
    #expect(try render("{{ a.replace(b, '').split(b)|length }}{{ a.rsplit(b)|length }}") == "11")
    #expect(
      try render("{{ ('ab' * 3 ~ 'aab').rfind('aab') }}{{ 'aaaa'.count('aa') }}{{ 'xaax'.rsplit('a') }}")
        == "62['x', '', 'x']")
    for expression in [
      "b in a", "a.find(b) == 1", "a.rfind(b) == 1", "a.count(b)", "a.replace(b, '') == ''", "a.split(b) == ''",
      "a.rsplit(b) == ''", "a.partition(b) == ''", "a.rpartition(b) == ''", "a.startswith(c)", "a.endswith(c)",
      "a.startswith((c, c))", "a.removeprefix(c) == ''", "a.removesuffix(c) == ''", "a|replace(b, '') == ''",
      "a.strip(c) == ''", "a is in c", "a|int", "a|float",
    ] { expectLimit(repeating: expression) }
  }

  @Test("comparisons, orders and memberships are counted")
  func comparisons() {
    for expression in [
      "a == c", "a != c", "a < c", "a >= c", "l == m", "l < m", "[l] == [m]", "{'k': l} == d", "-1 in l", "l.count(-1)",
      "l|min == 1", "l|sort == 1", "l|unique|first", "[a, c]|sort == 1", "[a, c]|unique|list == 1", "a is eq c",
      "[a, c]|max == 1", "d|dictsort(by='value') == 1", "[[a], [c]]|groupby(0) == 1",
    ] { expectLimit(repeating: expression) }
    expectLimit("{{ dict(l|batch(2))|length }}")
    expectLimit("{{ l|unique|list|length }}")
    let members = (0..<20_000).map { "'\($0)': 1" }.joined(separator: ", ")
    expectLimit("{{ {\(members)}|length }}")
    expectLimit(
      "{% set e = dict(m[:200]|batch(2)) %}{% for i in range(99999) %}{% for j in l %}{{ e[j] }}{% endfor %}{% endfor %}"
    )
  }

  @Test("results of filters, methods and slices are limited like those of operators")
  func results() {
    for expression in [
      "('ΐ' * 6000000)|upper", "('ΐ' * 6000000).upper()", "('İ' * 7000000)|lower", "('İ' * 7000000).lower()",
      "('İ' * 7000000)|capitalize", "('İ' * 7000000).title()", "('İ' * 7000000)|title", "('ΐ' * 6000000).swapcase()",
      "('&' * 9000000)|escape", "('&' * 9000000)|forceescape", "n|tojson", "[n]|string", "[x, x]|string",
      "'%s%s' % (x, x)", "'%r' % (n,)", "x.ljust(12000000, 'é')", "x.center(12000000, '€')", "x|indent(8000000, true)",
      "strftime_now('%c' * 2000000)", "x|list", "n.splitlines()", "n.split('\\n')", "n.rsplit('\\n')",
      "x|replace('', 'y')",
      "[[1]]|tojson(indent=x)", "[1, 2, 3]|tojson(separators=(x, ':'))", "[x, x]|join", "x.join('ab' * 3)", "x ~ x",
      "x|truncate(8999990, true, x)", "('&' * 9000000) + ('' | safe)", "x|map('upper')|list", "[x, x]|sum(start='')",
    ] { expectLimit("{{ (\(expression))|length }}") }
    for expression in [
      "l[:] == 1", "a[:] == 1", "a[::-1] == 1", "a|reverse == 1", "d|items == 1", "d.items() == 1", "z.split() == 1",
      "a|upper == 1", "a.isalpha()", "a|wordcount", "l|string == 1", "l|tojson == 1", "l|list == 1", "a is lower",
      "a|escape == 1", "a[-1] == 1", "l|map('string') == 1", "a|truncate(9) == 1", "a.zfill(9) == 1",
    ] { expectLimit(repeating: expression) }
  }

  @Test("the length of a text is counted, since its characters are")
  func lengths() {
    expectLimit(repeating: "a|length")
    expectLimit(repeating: "a|count")
  }

  @Test("what costs little stays possible with long texts")
  func longTexts() throws {
    #expect(
      try render("{{ x|first }}{{ x|last }}{{ x[3:5] }}{{ x|length }}{{ l[99998:] }}") == "xxxx9000000[99998, 99999]")
    #expect(
      try render("{{ l[::-50000] }}{{ l[5:1:-2] }}{{ 'abc'[::-9223372036854775807] }}") == "[99999, 49999][5, 3]c")
    #expect(try render("{{ '%d|%d' % (9007199254740993, 2.9) }}") == "9007199254740993|2")
  }
}
