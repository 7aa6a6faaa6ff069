import Core
import Testing

@testable import ChatTemplates

@Suite("The work and memory of a chat template are bounded", .timeLimit(.minutes(1)))
struct TemplateWorkTests {
  /// Texts and lists that take work, and nothing that a template can't make in a line.
  private static let values = [
    (name: "a", value: "'a' * 1000000"), (name: "c", value: "'a' * 1000000"),
    (name: "b", value: "'a' * 500000 ~ 'b'"),
    (name: "x", value: "'x' * 9000000"), (name: "n", value: "'\\n' * 9000000"),
    (name: "l", value: "range(100000)|list"), (name: "m", value: "range(100000)|list"),
    (name: "d", value: "{'k': l}"), (name: "e", value: "{'k': m}"),
    (name: "p", value: "dict(range(1000)|batch(2))"),
    (name: "z", value: "'ab ' * 200000"),
  ]

  private func render(_ source: String) throws(TemplateError) -> String {
    let words = source.split { !$0.isLetter }.map(String.init)
    let used = words + (words.contains("d") || words.contains("e") ? ["l", "m"] : [])
    let prelude = Self.values.filter { used.contains($0.name) }.map {
      "{% set \($0.name) = \($0.value) %}"
    }
    return try ChatTemplate(prelude.joined() + source)
      .render([], time: TemplateTime(year: 2026, month: 1, day: 1)).text
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

  @Test("searches are linear")
  func linearSearches() throws {
    #expect(
      try render("{{ b in a }}{{ a.find(b) }}{{ a.rfind(b) }}{{ a.count(b) }}") == "False-1-10")
    #expect(try render("{{ a.replace(b, '').split(b)|length }}{{ a.rsplit(b)|length }}") == "11")
    #expect(
      try render(
        "{{ ('ab' * 3 ~ 'aab').rfind('aab') }}{{ 'aaaa'.count('aa') }}{{ 'xaax'.rsplit('a') }}")
        == "62['x', '', 'x']")
  }

  @Test(
    "searches are counted",
    arguments: [
      "b in a", "a.find(b) == 1", "a.rfind(b) == 1", "a.count(b)", "a.replace(b, '') == ''",
      "a.split(b) == ''",
      "a.rsplit(b) == ''", "a.partition(b) == ''", "a.rpartition(b) == ''", "a.startswith(c)",
      "a.endswith(c)",
      "a.startswith((c, c))", "a.removeprefix(c) == ''", "a.removesuffix(c) == ''",
      "a|replace(b, '') == ''",
      "a.strip(c) == ''", "[a]|select('in', c)|list", "a|int", "a|float",
    ])
  func searches(expression: String) { expectLimit(repeating: expression) }

  @Test(
    "comparisons, orders and memberships are counted",
    arguments: [
      "a == c", "a != c", "a < c", "a >= c", "l == m", "l < m", "[l] == [m]", "d == e", "-1 in l",
      "l.count(-1)",
      "l|min == 1", "l|sort == 1", "l|unique|first", "[a, c]|sort == 1", "[a, c]|unique|list == 1",
      "a is eq c",
      "[a, c]|max == 1", "{'x': a, 'y': c}|dictsort(by='value') == 1", "[[a], [c]]|groupby(0) == 1",
    ])
  func comparisons(expression: String) { expectLimit(repeating: expression) }

  @Test("members of dictionaries are counted where they are looked for")
  func members() {
    expectLimit("{{ dict(l|batch(2))|length }}")
    expectLimit("{{ l|unique|list|length }}")
    let members = (0..<20_000).map { "'\($0)': 1" }.joined(separator: ", ")
    expectLimit("{{ {\(members)}|length }}")
    expectLimit(
      "{% set q = dict(m[:200]|batch(2)) %}{% for i in range(99999) %}{% for j in l %}{{ q[j] }}{% endfor %}{% endfor %}"
    )
  }

  @Test(
    "results of filters, methods and slices are limited like those of operators",
    arguments: [
      "('ΐ' * 2800000)|upper", "('ΐ' * 2800000).upper()", "('İ' * 5400000)|lower",
      "('İ' * 5400000).lower()",
      "('İ' * 5400000)|capitalize", "('İ' * 5400000).title()", "('İ' * 5400000)|title",
      "('ΐ' * 2800000).swapcase()",
      "('&' * 3300000)|escape", "('&' * 3300000)|forceescape", "n|tojson", "[n]|string",
      "[x, x]|string",
      "'%s%s' % (x, x)", "'%r' % (n,)", "x.ljust(13000000, 'é')", "x.center(12000000, '€')",
      "x|indent(8000000, true)",
      "strftime_now('%B' * 2400000)", "x|list", "n.splitlines()", "n.split('\\n')",
      "n.rsplit('\\n')",
      "x|replace('', 'y')",
      "[[1]]|tojson(indent=x)", "[1, 2, 3]|tojson(separators=(x, ':'))", "[x, x]|join",
      "x.join('ab' * 3)", "x ~ x",
      "x|truncate(8900000, true, '€' * 4000000)", "('&' * 3300000) + ('' | safe)",
      "x|map('upper')|list",
      "[x, x]|sum(start='')",
    ])
  func results(expression: String) { expectLimit("{{ (\(expression))|length }}") }

  @Test(
    "what filters, methods and slices read and make is counted",
    arguments: [
      "l[:] == 1", "a[:] == 1", "a[::-1] == 1", "a|reverse == 1", "p|items == 1", "p.items() == 1",
      "z.split() == 1",
      "a|upper == 1", "a.isalpha()", "a|wordcount", "l|string == 1", "l|tojson == 1", "l|list == 1",
      "a is lower",
      "a|escape == 1", "a[-1] == 1", "l|map('string') == 1", "a|truncate(9) == 1",
      "a.zfill(9) == 1",
    ])
  func repeated(expression: String) { expectLimit(repeating: expression) }

  @Test(
    "the length of a text is counted, since its characters are", arguments: ["a|length", "a|count"])
  func lengths(expression: String) { expectLimit(repeating: expression) }

  @Test("what costs little stays possible with long texts")
  func longTexts() throws {
    #expect(
      try render("{{ x|first }}{{ x|last }}{{ x[3:5] }}{{ x|length }}{{ l[99998:] }}")
        == "xxxx9000000[99998, 99999]")
    #expect(
      try render("{{ l[::-50000] }}{{ l[5:1:-2] }}{{ 'abc'[::-9223372036854775807] }}")
        == "[99999, 49999][5, 3]c")
    #expect(try render("{{ '%d|%d' % (9007199254740993, 2.9) }}") == "9007199254740993|2")
  }
}
