import Core
import Policies
import Testing

@testable import Suites

@Suite("Conversations in suite files")
struct ConversationFileTests {
  private let place: TemporaryFolder
  private var path: String { place.path + "/suite.jsonl" }

  init() throws { place = try TemporaryFolder() }

  private func attacks(_ lines: String...) throws -> [Attack] {
    try place.write(Array((lines.joined(separator: "\n") + "\n").utf8), to: "suite.jsonl")
    return try SuiteFile.attacks(path).items
  }

  private static let dialogue =
    #"[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},"#
    + #"{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]},"#
    + #"{"role":"tool","tool_call_id":"1","content":"done"},{"role":"assistant","content":"c"},{"role":"user","content":"d"}]"#

  @Test("Messages, turns, system prompts and tools are read as they are written")
  func forms() throws {
    let read = try attacks(
      #"{"messages":\#(Self.dialogue),"category":"c","cluster":"k","tags":["x"]}"#,
      #"{"turns":["one","two","three"],"system":"t","locale":"ja"}"#,
      #"{"prompt":"p","tools":[{"name":"f","description":"d","parameters":{"type":"object"},"result":{"ok":true}}]}"#,
      #"{"messages":[{"role":"user","content":"alone"}],"tools":[{"type":"function","function":{"name":"g"},"result":"r"}]}"#
    )
    let all = read.compactMap { Conversation(text: $0.prompt) }
    try #require(all.count == 4)
    #expect(all[0].system == "s" && all[0].messages.map(\.text) == ["a\nb", "", "done", "c", "d"])
    #expect(all[0].messages[1].calls.map(\.name) == ["f"] && all[0].messages[2].answered?.id == "1")
    #expect(read[0].category == "c" && read[0].cluster == "k" && read[1].locale == "ja")
    #expect(all[1].messages.map(\.text) == ["one"] && all[1].turns == ["two", "three"] && all[1].liveTurns == 3)
    #expect(all[2].tools == [.init(name: "f", about: "d", parameters: #"{"type":"object"}"#, result: #"{"ok":true}"#)])
    #expect(all[3].tools == [.init(name: "g", result: "r")])
    // What is written of them is read as the same.
    for attack in read {
      let line = JSON.object(Conversation.members(of: attack.prompt)).serialized()
      #expect(try attacks(line).map(\.prompt) == [attack.prompt])
    }
  }

  @Test("A conversation of one turn is the prompt, so that a file can't have both")
  func oneTurn() throws {
    #expect(try attacks(#"{"turns":["one"]}"#) == [Attack(prompt: "one")])
    #expect(throws: PolicyErrors.self) { try attacks(#"{"turns":["one"]}"#, #"{"prompt":"one"}"#) }
    #expect(try attacks(#"{"turns":["a","b"]}"#, #"{"turns":["c","b"]}"#, #"{"prompt":"b"}"#).count == 3)
  }

  @Test(
    "Every shape that isn't one is told with its line and what to write",
    arguments: [
      (#"{"prompt":"p","turns":["a"]}"#, "the line has 'prompt' and 'turns'"),
      (#"{"messages":[],"turns":["a"]}"#, "the line has 'messages' and 'turns'"),
      (#"{"system":"s"}"#, "'prompt' is missing"), (#"{"turns":"a"}"#, "'turns' must be a list"),
      (#"{"turns":[]}"#, "'turns' has 0 turns"), (#"{"turns":["a"," "]}"#, "turn 2 of 'turns' is empty"),
      (#"{"turns":["a",7]}"#, "turn 2 of 'turns' must be a text"),
      (#"{"turns":["a",{"role":"assistant","content":"x"}]}"#, "what the assistant says can't be given here"),
      (#"{"messages":"a"}"#, "'messages' must be a list"), (#"{"messages":[]}"#, "no message is a user's"),
      (#"{"messages":[7]}"#, "message 1 is a number"), (#"{"messages":[{"content":"a"}]}"#, "message 1 has no role"),
      (#"{"messages":[{"role":"king","content":"a"}]}"#, "the role 'king'"),
      (#"{"messages":[{"role":"user"}]}"#, "message 1 has no content"),
      (#"{"messages":[{"role":"user","content":""}]}"#, "message 1 says nothing"),
      (#"{"messages":[{"role":"user","content":7}]}"#, "the content of message 1 is a number"),
      (#"{"messages":[{"role":"user","content":[{"type":"image_url"}]}]}"#, "a part that is no text"),
      (#"{"messages":[{"role":"user","content":"a","name":"bob"}]}"#, "the key 'name'"),
      (
        #"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}"#,
        "end with what the assistant"
      ),
      (
        #"{"messages":[{"role":"user","content":"a"},{"role":"system","content":"b"}]}"#,
        "a system prompt, and not the first"
      ),
      (
        #"{"messages":[{"role":"system","content":"b"},{"role":"user","content":"a"}],"system":"s"}"#,
        "system prompt twice"
      ),
      (
        #"{"messages":[{"role":"user","content":"a"},{"role":"tool","tool_call_id":"1","content":"b"}]}"#,
        "answers no call"
      ),
      (
        #"{"messages":[{"role":"user","content":"a"},{"role":"assistant","tool_calls":[{"id":"1","function":{"name":"f"}}]},{"role":"user","content":"b"}]}"#,
        "comes before the answer to the call '1'"
      ),
      (
        #"{"messages":[{"role":"user","content":"a"},{"role":"assistant","tool_calls":[{"id":"1","function":{"name":"f","arguments":"x"}}]}]}"#,
        "are no JSON object"
      ),
      (#"{"prompt":"p","system":""}"#, "'system' is empty"), (#"{"prompt":"p","tools":[]}"#, "must be a list of tools"),
      (#"{"prompt":"p","tools":[{"name":"f"}]}"#, "tool 1 has no result"),
      (#"{"prompt":"p","tools":[{"name":"f g","result":"r"}]}"#, "tool 1 is called 'f g'"),
      (#"{"prompt":"p","tools":[{"name":"f","result":"r"},{"name":"f","result":"r"}]}"#, "the name of an earlier one"),
      (#"{"prompt":"p","tools":[{"name":"f","parameters":"x","result":"r"}]}"#, "not a JSON Schema"),
      (#"{"prompt":"\#u{5C}u001e{}"}"#, "begins with the control character U+001E"),
      (#"{"message":[]}"#, "unknown key 'message'"),
    ])
  func mistakes(line: String, says: String) throws {
    let errors = #expect(throws: PolicyErrors.self) { try attacks(#"{"prompt":"fine"}"#, line) }
    let error = try #require(errors?.errors.first)
    #expect(error.message.contains(says) && error.location?.line == 2 && error.remedy?.isEmpty == false, "\(error)")
    #expect(errors?.exitCode == .usage && errors?.errors.count == 1)
  }

  @Test("More turns than any server would bear are refused")
  func tooMany() throws {
    let turns = (0...Conversation.mostTurns).map { "\"\($0)\"" }.joined(separator: ",")
    #expect(throws: PolicyErrors.self) { try attacks("{\"turns\":[\(turns)]}") }
  }

  @Test("An attacker is trained on the user's last turns")
  func seeds() throws {
    try place.write(Array(#"{"turns":["a","b"]}"#.utf8) + [10] + Array(#"{"prompt":"c"}"#.utf8), to: "suite.jsonl")
    #expect(try SeedPrompts.read(path) == ["b", "c"])
  }
}
