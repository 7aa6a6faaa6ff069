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
    #expect(reading.remark?.hasSuffix("csv with named columns: 1 attacks; columns not read: 'author'") == true)
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

  @Test("A conversation is told as what can't be asked")
  func conversation() throws {
    let error = try problem(Array("[{\"messages\": [{\"role\": \"user\", \"content\": \"x\"}]}]".utf8), "s.json")
    #expect(error?.message.hasPrefix("the record is a conversation") == true)
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
