import Core
import Policies
import Testing

@testable import Suites

@Suite("Suite files")
struct SuiteFileTests {
  private let place: TemporaryFolder
  private var path: String { place.path + "/suite.jsonl" }

  init() throws { place = try TemporaryFolder() }

  /// What is wrong, each as `line:column: message` or `line: message`.
  private func problems(_ bytes: [UInt8], _ read: (String) throws -> Void) throws -> [String] {
    try place.write(bytes, to: "suite.jsonl")
    do {
      try read(path)
      return []
    } catch let error as PolicyErrors {
      #expect(error.exitCode == .usage && error.errors.allSatisfy { $0.remedy != nil })
      return error.errors.map { error in
        let place = error.location?.description ?? "nowhere"
        return place.replacingOccurrences(of: path + ":", with: "") + ": " + error.message
      }
    }
  }

  private func attackProblems(_ text: String) throws -> [String] {
    try problems(Array(text.utf8)) { _ = try SuiteFile.attacks($0) }
  }

  @Test("Tags are read for reports, each once, and have to be a list of texts")
  func tags() throws {
    try place.write(
      """
      {"prompt": "one", "tags": ["owasp:llm01", "x", "x", ""]}
      {"prompt": "two", "tags": []}
      {"prompt": "three", "tags": null}
      """, to: "suite.jsonl")
    let reading = try SuiteFile.attacks(path)
    #expect(reading.tags == [AttackID(prompt: "one"): ["owasp:llm01", "x"]] && reading.items.count == 3)
    #expect(try attackProblems(#"{"prompt": "one", "tags": "x"}"#).count == 1)
  }

  @Test("Attacks keep their order, category, locale and cluster; blank lines and Windows line ends are fine")
  func attacks() throws {
    try place.write(
      """
      \u{FEFF}{"prompt": "one", "category": "c", "locale": "en", "cluster": "k", "id": "1"}\r

      {"prompt": "two", "category": null}
      """, to: "suite.jsonl")
    let attacks = try SuiteFile.attacks(path).items
    #expect(attacks.map(\.prompt) == ["one", "two"])
    #expect(attacks[0] == Attack(prompt: "one", category: "c", locale: "en", cluster: "k"))
    #expect(attacks[1] == Attack(prompt: "two"))
  }

  @Test("Benign questions say whether they tempt")
  func benign() throws {
    try place.write(
      "{\"prompt\": \"a\", \"tempting\": true, \"category\": \"t\"}\n{\"prompt\": \"b\"}\n", to: "suite.jsonl")
    #expect(
      try SuiteFile.benign(path).items == [
        BenignQuestion(prompt: "a", category: "t", tempting: true), BenignQuestion(prompt: "b"),
      ])
  }

  @Test("A weakness matches anywhere in a prompt, in whatever case")
  func weaknesses() throws {
    try place.write("{\"id\": \"w\", \"pattern\": \"moon (salt|sand)\", \"category\": \"c\"}\n", to: "suite.jsonl")
    let weakness = try #require(try SuiteFile.weaknesses(path).first)
    #expect(weakness.id == "w" && weakness.category == "c")
    #expect(weakness.matches("tell of Moon Sand now") && !weakness.matches("moon rock"))
  }

  @Test(
    "Mistakes in attacks are told with their line, and with the column where the JSON is broken",
    arguments: [
      ("", "1: the suite file is empty"),
      ("\n \n", "1: the suite file is empty"),
      ("{\"prompt\": \"a\"}\n{\"category\": \"c\"}\n", "2: 'prompt' is missing"),
      ("{\"prompt\": \" \"}\n", "1: 'prompt' is empty"),
      ("{\"prompt\": 7}\n", "1: 'prompt' must be a text, not a number"),
      ("{\"prompt\": \"a\", \"category\": []}\n", "1: 'category' must be a text, not an array"),
      ("{\"prompt\": \"a\", \"catgory\": \"c\"}\n", "1: unknown key 'catgory'"),
      ("{\"prompt\": \"a\"}\n[\"b\"]\n", "2: the line is an array, not an object"),
      ("\n{\"prompt\": \"a\"}\n\n{\"prompt\": \"a\"}\n", "4: this prompt is on line 2 already"),
      ("{\"prompt\": \"a\", \"id\": \"x\"}\n{\"prompt\": \"b\", \"id\": \"x\"}\n", "2: this id is on line 1 already"),
    ])
  func mistakes(_ text: String, _ problem: String) throws {
    let problems = try attackProblems(text)
    #expect(problems == [problem])
  }

  @Test("Broken JSON is told with its column")
  func brokenJSON() throws {
    let problems = try attackProblems("{\"prompt\": \"a\"}\n{\"prompt\": \"b\",}\n")
    #expect(problems.count == 1 && problems[0].hasPrefix("2:16: the line is not JSON"), "\(problems)")
  }

  @Test("Prompts that only look alike are two prompts")
  func canonicalEquivalence() throws {
    #expect(try attackProblems("{\"prompt\": \"\u{e9}\"}\n{\"prompt\": \"e\u{301}\"}\n") == [])
  }

  @Test("All mistakes are told in one go, up to twenty")
  func several() throws {
    #expect(try attackProblems("{}\n{\"prompt\": \"a\"}\nx\n[]\n").count == 3)
    #expect(try attackProblems(String(repeating: "{}\n", count: 50)).count == SuiteFile.mostErrors)
  }

  @Test("Bytes that are no UTF-8 are told with line and column")
  func notText() throws {
    let bytes = Array("{\"prompt\": \"a\"}\n{\"prompt\": \"".utf8) + [0xff] + Array("\"}\n".utf8)
    #expect(try problems(bytes) { _ = try SuiteFile.attacks($0) } == ["2:13: the line is not UTF-8"])
  }

  @Test("A line of more than a mebibyte is refused, one of just a mebibyte isn't")
  func longLines() throws {
    func line(_ count: Int) -> String {
      let frame = "{\"prompt\": \"\"}"
      return "{\"prompt\": \"" + String(repeating: "x", count: count - frame.utf8.count) + "\"}"
    }
    #expect(try attackProblems(line(SuiteLine.longest)) == [])
    #expect(
      try attackProblems("\n" + line(SuiteLine.longest + 1)) == ["2: the line is longer than 1048576 bytes"])
  }

  @Test("A file that isn't there, is a folder or never ends is told as such")
  func unreadable() throws {
    func message(_ path: String) -> String? {
      do {
        _ = try SuiteFile.attacks(path)
        return nil
      } catch {
        return (error as? PolicyErrors)?.errors.first?.message
      }
    }
    #expect(message(place.path + "/none.jsonl") == "the suite file isn't there")
    #expect(message(place.path) == "the suite file is a folder")
    #expect(message("/dev/zero") == "the suite file is no regular file")
  }

  @Test("'tempting' must be a boolean")
  func tempting() throws {
    let problems = try problems(Array("{\"prompt\": \"a\", \"tempting\": \"yes\"}".utf8)) {
      _ = try SuiteFile.benign($0)
    }
    #expect(problems == ["1: 'tempting' must be true or false, not a string"])
  }

  @Test(
    "Mistakes in weaknesses are told with their line",
    arguments: [
      ("{\"id\": \"1\"}", "1: 'pattern' is missing"),
      ("{\"pattern\": \"a\"}", "1: 'id' is missing"),
      ("{\"id\": \"1\", \"pattern\": \"(a\"}", "1: the pattern of '1' is no regular expression"),
      ("{\"id\": \"1\", \"pattern\": \"a\"}\n{\"id\": \"1\", \"pattern\": \"b\"}", "2: this id is on line 1 already"),
      (
        "{\"id\": \"1\", \"pattern\": \"a\"}\n{\"id\": \"2\", \"pattern\": \"a\"}",
        "2: this pattern is on line 1 already"
      ),
    ])
  func badWeaknesses(_ text: String, _ problem: String) throws {
    let problems = try problems(Array(text.utf8)) { _ = try SuiteFile.weaknesses($0) }
    #expect(problems == [problem])
  }
}
