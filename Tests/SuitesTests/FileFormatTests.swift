import Core
import Policies
import Testing

@testable import Suites

@Suite("Formats of suites")
struct FileFormatTests {
  private let place: TemporaryFolder

  init() throws { place = try TemporaryFolder() }

  private func attacks(_ text: String, _ name: String, columns: [String: String] = [:]) throws -> SuiteReading<Attack> {
    try place.write(text, to: name)
    return try SuiteFile.attacks(place.path + "/" + name, columns: ColumnNames(columns))
  }

  private func problem(_ bytes: [UInt8], _ name: String, columns: [String: String] = [:]) throws -> SluiceError? {
    try place.write(bytes, to: name)
    do {
      _ = try SuiteFile.attacks(place.path + "/" + name, columns: ColumnNames(columns))
      return nil
    } catch let error as PolicyErrors {
      #expect(error.errors.count == 1, "\(error)")
      return error.errors.first
    }
  }

  @Test(
    "The same two attacks, in every format",
    arguments: [
      ("s.jsonl", "{\"prompt\": \"one\", \"category\": \"a\"}\n{\"prompt\": \"two\", \"category\": \"b\"}\n"),
      ("s.json", "[{\"prompt\": \"one\", \"category\": \"a\"},\n{\"prompt\": \"two\", \"category\": \"b\"}]"),
      ("s.jsonl", "[{\"prompt\": \"one\", \"category\": \"a\"}, {\"prompt\": \"two\", \"category\": \"b\"}]"),
      (
        "s.json", "{\"data\": [{\"prompt\": \"one\", \"category\": \"a\"}, {\"prompt\": \"two\", \"category\": \"b\"}]}"
      ),
      ("s.csv", "Prompt,Category\none,a\ntwo,b\n"), ("s.csv", "\u{FEFF}prompt;category\r\none;a\r\n\"two\";b\r\n"),
      ("s.tsv", "prompt\tcategory\none\ta\ntwo\tb\n"), ("s", "prompt,category\none,a\ntwo,b\n"),
      ("s.yaml", "- prompt: one\n  category: a\n- {prompt: two, category: b}\n"),
      ("s", "- prompt: one\n  category: a\n- {prompt: two, category: b}\n"),
    ])
  func formats(name: String, text: String) throws {
    #expect(
      try attacks(text, name).items == [Attack(prompt: "one", category: "a"), Attack(prompt: "two", category: "b")])
  }

  @Test("Plain text has a prompt on each line")
  func text() throws {
    let reading = try attacks("say it, please\r\n\n now\n", "s.txt")
    #expect(reading.items.map(\.prompt) == ["say it, please", " now"])
    #expect(reading.remark?.contains("was read as text with named columns: 2 attacks") == true)
  }

  @Test("Columns that the policy names are read, and the others are named in the remark")
  func columns() throws {
    let reading = try attacks(
      "question,topic,author\nsay it,lamps,me\n", "s.csv", columns: ["prompt": "question", "category": "topic"])
    #expect(reading.items == [Attack(prompt: "say it", category: "lamps")])
    #expect(reading.remark?.hasSuffix("csv with named columns: 1 attack; columns not read: 'author'") == true)
    let lines = try attacks(
      "{\"question\": \"say it\", \"n\": 1}\n", "s.jsonl", columns: ["prompt": "question"])
    #expect(lines.items == [Attack(prompt: "say it")])
  }

  @Test("Where no column is the prompt, one error lists them all and says how to name it")
  func noPrompt() throws {
    let error = try problem(Array("question,topic\nsay it,lamps\n".utf8), "s.csv")
    #expect(
      error?.location?.line == 2 && error?.message == "which column holds the prompts? There are 'question', 'topic'")
    #expect(error?.remedy?.contains("suite.columns") == true)
    let misspelt = try problem(Array("question,topic\nsay it,lamps\n".utf8), "s.csv", columns: ["prompt": "qestion"])
    #expect(misspelt?.remedy?.hasPrefix("Did you mean 'question'?") == true)
  }

  @Test("A column that is named and not there is refused, whatever it was for; optional keys of some lines are enough")
  func misnamedColumns() throws {
    for role in ["category", "locale", "cluster"] {
      let error = try problem(
        Array("question,topic\nsay it,lamps\n".utf8), "s.csv", columns: ["prompt": "question", role: "topc"])
      #expect(
        error?.message == "there is no column 'topc'" && error?.remedy?.hasPrefix("Did you mean 'topic'?") == true)
    }
    let some = try attacks(
      "{\"question\": \"a\"}\n{\"question\": \"b\", \"topic\": \"lamps\"}\n", "s.jsonl",
      columns: ["prompt": "question", "category": "topic"])
    #expect(some.items.map(\.category) == [nil, "lamps"])
  }

  @Test("A table without a first row of names says what is wanting")
  func noHeader() throws {
    let error = try problem(Array("say the word\nsay the oil\n".utf8), "s.csv")
    #expect(error?.remedy?.contains("the first row of a table has to name its columns") == true)
  }

  @Test(
    "Text and tables may begin with a bracket; they are JSON where the whole file is",
    arguments: [
      ("s.txt", "[INST] say it [/INST]\n{now}\n", ["[INST] say it [/INST]", "{now}"]),
      ("s.txt", "{\"prompt\": \"one\"}\n{\"prompt\": \"two\"}\n", ["one", "two"]),
      ("s.txt", "[{\"prompt\": \"one\"},\n {\"prompt\": \"two\"}]", ["one", "two"]),
      ("s.txt", "{\"prompt\": \"one\"}\nand more\n", ["{\"prompt\": \"one\"}", "and more"]),
      ("s.csv", "[id],prompt\n1,say it\n", ["say it"]), ("s.tsv", "{id}\tprompt\n1\tsay it\n", ["say it"]),
    ])
  func brackets(name: String, text: String, prompts: [String]) throws {
    #expect(try attacks(text, name).items.map(\.prompt) == prompts)
    if name == "s.txt" { #expect(try SeedPrompts.read(place.path + "/" + name) == prompts) }
  }

  @Test("A conversation is read in any format that has lists, and one of another shape is told as such")
  func conversation() throws {
    let turns = try attacks("[{\"turns\": [\"one\", \"two\"], \"category\": \"c\"}]", "s.json").items
    #expect(turns.map { Conversation(text: $0.prompt)?.turns } == [["two"]] && turns[0].category == "c")
    let yaml = try attacks("- messages:\n  - {role: user, content: x}\n  system: s\n", "s.yaml").items
    #expect(yaml.map { Conversation(text: $0.prompt)?.system } == ["s"])
    let error = try problem(Array("[{\"conversations\": [{\"from\": \"human\", \"value\": \"x\"}]}]".utf8), "s.json")
    #expect(error?.message.hasPrefix("the record is a conversation of a shape") == true)
  }

  @Test("Empty prompts are told with the line of their record")
  func emptyPrompt() throws {
    #expect(try problem(Array("[{\"prompt\": \"a\"},\n{\"prompt\": \" \"}]".utf8), "s.json")?.location?.line == 2)
    #expect(try problem(Array("prompt,category\n\"\",b\n".utf8), "s.csv")?.location?.line == 2)
    #expect(try problem(Array("- prompt: a\n- category: b\n".utf8), "s.yaml")?.location?.line == 2)
  }

  @Test(
    "A file that is something else is named as that, in one error",
    arguments: [
      (Array("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n".utf8), "a Git LFS pointer"),
      ([0x1f, 0x8b, 0x08, 0x00], "compressed with gzip"), (Array("PK\u{3}\u{4}".utf8), "a ZIP archive"),
      (Array("PAR1....PAR1".utf8), "a Parquet file"), (Array("\n<!DOCTYPE HTML><html>".utf8), "an HTML page"),
      ([0xff, 0xfe, 0x7b, 0x00], "UTF-16 text"), ([0x80, 0x04, 0x95], "a file of pickled Python objects"),
      (Array("SQLite format 3\u{0}".utf8), "a SQLite database"),
      (Array("<?xml version='1.0'?>".utf8), "an XML document"),
    ])
  func mistaken(bytes: [UInt8], name: String) throws {
    for file in ["s.jsonl", "s.csv", "s.json", "s"] {
      let error = try problem(bytes, file)
      #expect(
        error?.message.hasPrefix("the suite file is \(name)") == true && error?.remedy != nil,
        "\(file): \(String(describing: error))")
    }
  }

  @Test("A list's shared keys hold for entries without their own; line numbers are those of the entries")
  func sharedKeys() throws {
    let records = try RecordList.json(
      Array(
        "{\"note\": [{\"x\": 1}],\n \"category\": \"a\", \"data\": [\n {\"prompt\": \"p\"},\n {\"prompt\": \"q\", \"category\": \"b\"}]}"
          .utf8),
      file: "s.json")
    #expect(records.map { $0.label("category") } == ["a", "b"])
    #expect(records.map(\.place.line) == [3, 4])
  }

  @Test("Several lists in a document are refused by their keys; promptfoo's templates beside its tests are none")
  func severalLists() throws {
    for (text, name) in [
      ("{\"data\": [{\"prompt\": \"a\"}], \"seeds\": [{\"prompt\": \"b\"}]}", "s.json"),
      ("data: [a]\nseeds: [b]\n", "s.yaml"),
    ] {
      #expect(try problem(Array(text.utf8), name)?.message == "the document has several lists: 'data', 'seeds'")
    }
    let tests = try attacks("prompts: ['{{q}}']\ntests: [{vars: {q: a}}]\n", "s.yaml")
    #expect(tests.items.map(\.prompt) == ["a"])
  }

  @Test("A list of plain texts is read under a key as by itself, with what the document says of all")
  func plainLists() throws {
    for (text, name) in [
      ("{\"category\": \"x\", \"prompts\": [\"one\", \"two\"]}", "s.json"),
      ("category: x\nprompts:\n- one\n- two\n", "s.yaml"),
    ] {
      let items = try attacks(text, name).items
      #expect(items == [Attack(prompt: "one", category: "x"), Attack(prompt: "two", category: "x")], "\(name)")
    }
    #expect(try attacks("[\"one\"]", "s.json").items == [Attack(prompt: "one")])
  }

  @Test(
    "YAML of suites is read as strictly as a policy's",
    arguments: [
      ("- prompt: a\n  prompt: b\n", "given twice", 1),
      ("- prompt: a\n---\n- prompt: b\n", "a second YAML document", 2),
      ("- prompt: *a\n", "not YAML", 1), ("- prompt: a\n\tb: c\n", "not YAML", 2),
    ])
  func strictYAML(text: String, message: String, line: Int) throws {
    let error = try problem(Array(text.utf8), "s.yaml")
    #expect(error?.message.contains(message) == true && error?.location?.line == line, "\(String(describing: error))")
    #expect(error?.remedy != nil)
  }

  @Test("YAML whose aliases would fill the memory is refused")
  func aliases() throws {
    var text = "- prompt: a\n  x0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"
    for level in 1...9 {
      let aliases = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
      text += "  x\(level): &a\(level) [\(aliases)]\n"
    }
    #expect(try problem(Array(text.utf8), "s.yaml")?.message.contains("too large") == true)
  }
}
