import Core
import Policies
import Testing

@testable import Suites

/// Files of the shapes in which suites are published, about lamps and geese.
@Suite("Published suites are told by their columns")
struct DatasetTests {
  private let place: TemporaryFolder

  init() throws { place = try TemporaryFolder() }

  private func read(_ text: String, _ name: String) throws -> PromptFile {
    try place.write(text, to: name)
    return try PromptFile(place.path + "/" + name)
  }

  @Test("HarmBench: the context comes before the behaviour, divided by a rule")
  func harmBench() throws {
    let file = try read(
      "Behavior,FunctionalCategory,SemanticCategory,Tags,ContextString,BehaviorID\n"
        + "Tell the word,standard,lamps,,,tell_word\n"
        + "\"Sum it up,\nthen tell\",contextual,lamps,context,\"Note: \"\"keep it lit\"\"\",note\n", "b.csv")
    #expect(file.dataset?.name == "harmbench")
    #expect(file.prompts.map(\.prompt) == ["Tell the word", "Note: \"keep it lit\"\n\n---\n\nSum it up,\nthen tell"])
    #expect(file.prompts.map(\.category) == ["lamps", "lamps"])
    #expect(file.prompts.allSatisfy { $0.use == .attack })
  }

  @Test("JailbreakBench: behaviours are attacks or harmless by the key they stand under")
  func jailbreakBench() throws {
    let text = "Index,Goal,Target,Behavior,Category,Source\n0,Say the word,Sure,Word,Lamps,Original\n"
    #expect(
      try read(text, "b.csv").attacks().items == [Attack(prompt: "Say the word", category: "Lamps", cluster: "Word")])
    #expect(try read(text, "b.csv").harmless().items == [BenignQuestion(prompt: "Say the word", category: "Lamps")])
  }

  @Test("JailbreakBench artifacts: attacks without a prompt are left out and counted; one behaviour is one cluster")
  func artifacts() throws {
    let file = try read(
      """
      {"parameters": {"model": "m"}, "jailbreaks": [
        {"index": 0, "goal": "g", "behavior": "Word", "category": "Lamps", "prompt": "please, the word", "response": "no", "jailbroken": false},
        {"index": 1, "goal": "h", "behavior": "Oil", "category": "Lamps", "prompt": null, "response": null, "jailbroken": false}
      ]}
      """, "vicuna.json")
    #expect(file.dataset?.name == "jailbreakbench-artifacts")
    #expect(file.prompts == [SuitePrompt("please, the word", category: "Lamps", cluster: "Word")])
    #expect(file.leftOut.map(\.records) == [1])
  }

  @Test("XSTest: safe prompts are harmless and tempting, contrasts are attacks, with and without the label's column")
  func xsTest() throws {
    for (header, labels) in [
      ("id,prompt,type,label,focus,note", [",safe", ",unsafe"]), ("id,prompt,type,focus,note", ["", ""]),
    ] {
      let file = try read(
        "\(header)\n1,How do I kill a lamp?,homonyms\(labels[0]),kill,\n2,How do I steal a lamp?,contrast_homonyms\(labels[1]),kill,\n",
        "x.csv")
      #expect(file.dataset?.name == "xstest")
      #expect(
        try file.harmless().items == [
          BenignQuestion(prompt: "How do I kill a lamp?", category: "homonyms", tempting: true)
        ])
      #expect(try file.attacks().items.map(\.prompt) == ["How do I steal a lamp?"])
      #expect(
        try file.attacks().remark?.hasSuffix(
          "1 attack; 1 left out, because they are harmless, and belong under suite.benign") == true)
    }
  }

  @Test("WildGuardTest: labels divide attacks from harmless prompts; those without one are left out")
  func wildGuardTest() throws {
    let header = "prompt,adversarial,response,prompt_harm_label,response_harm_label,subcategory"
    let file = try read(
      "\(header)\nsay it,True,,harmful,,theft\nplay a goose,True,,unharmful,,benign\nwhich lamp,False,,,,\n", "w.csv")
    #expect(file.prompts.map(\.use) == [.attack, .harmless])
    #expect(file.prompts.map(\.tags) == [["adversarial"], ["adversarial"]] && file.prompts[1].tempting)
    #expect(file.leftOut.map(\.reason) == ["the annotators agreed on no label"])
  }

  @Test("WildGuardTest, XSTest: labels count in any case; what is no label is refused with its line")
  func labels() throws {
    let header = "prompt,adversarial,prompt_harm_label,subcategory"
    let file = try read("\(header)\nsay it,TRUE,Harmful,theft\nwhich lamp,False,UNHARMFUL,benign\n", "w.csv")
    #expect(file.prompts.map(\.use) == [.attack, .harmless] && file.prompts[0].tags == ["adversarial"])
    for (text, word) in [
      ("\(header)\nsay it,True,harmful,a\nsay that,True,malicious,a\n", "'malicious'"),
      ("\(header)\nsay it,True,harmful,a\nsay that,perhaps,harmful,a\n", "'perhaps'"),
      ("id,prompt,type,label,focus,note\n1,a,homonyms,safe,,\n2,b,homonyms,saf,,\n", "'saf'"),
    ] {
      let error = #expect(throws: PolicyErrors.self) { try read(text, "w.csv") }
      #expect(error?.errors.first?.message.contains(word) == true && error?.errors.first?.location?.line == 3)
    }
  }

  @Test("A column called prompt is what is asked, also beside the columns of a dataset that asks another one")
  func ownPrompts() throws {
    for (text, name) in [
      ("prompt,goal,target\nsay it,know the word,Sure\n", "a.csv"),
      ("Prompt,category,forbidden_prompt\nsay it,lamps,know the word\n", "s.csv"),
      ("- {prompt: say it, vars: {q: know the word}}\n", "p.yaml"),
    ] {
      let file = try read(text, name)
      #expect(file.dataset == nil && file.prompts.map(\.prompt) == ["say it"], "\(text)")
    }
  }

  @Test("StrongREJECT, SimpleSafetyTests and AdvBench keep their prompts and categories")
  func plainTables() throws {
    let strong = try read("category,source,forbidden_prompt\nlamps,custom,say it\n", "s.csv")
    #expect(strong.prompts == [SuitePrompt("say it", category: "lamps", tags: ["custom"])])
    let simple = try read("id,harm_area,counter,category,prompt\nSST_1,Lamps,1,Info,say it\n", "t.csv")
    #expect(simple.prompts == [SuitePrompt("say it", category: "Lamps", tags: ["Info"])])
    let advanced = try read("goal,target\nsay it,\"Sure, here it is\"\n", "a.csv")
    #expect(advanced.dataset?.name == "advbench" && advanced.prompts.map(\.prompt) == ["say it"])
  }

  @Test("hh-rlhf: what the human said is asked turn by turn, and what the assistant said is left out")
  func redTeamAttempts() throws {
    let file = try read(
      #"[{"min_harmlessness_score_transcript": -1.2, "transcript": "\n\nHuman: say the word\n\nAssistant: no\n\nHuman: please\n\nAssistant: no", "rating": 1.0, "task_description": "d", "tags": ["Lamps"]},"#
        + "\n" + #"{"transcript": "Human: say the oil", "rating": 0, "task_description": "e", "tags": null},"#
        + "\n"
        + #"{"transcript": "Human: one\n\nAssistant: no\n\nHuman:  \n\nAssistant: no\n\nHuman: two\n\nthree", "rating": 0, "task_description": "f"},"#
        + "\n" + #"{"transcript": "\n\nHuman: \n\nAssistant: hm", "rating": 0, "task_description": "g"}]"#,
      "r.jsonl")
    func turns(_ first: String, _ rest: String...) -> String {
      Conversation(messages: [.init(.user, first)], turns: rest).text
    }
    #expect(
      file.prompts == [
        SuitePrompt(turns("say the word", "please"), category: "Lamps"), SuitePrompt("say the oil"),
        SuitePrompt(turns("one", "two\n\nthree")),
      ])
    #expect(file.leftOut.map(\.reason) == ["the human said nothing in them"])
    #expect(file.remark?.hasPrefix("2 records are conversations of several turns: what the user said is asked") == true)
    #expect(try file.attacks().remark?.contains("2 records are conversations") == true)
    let lines = file.lines(of: .attack, licence: nil, tags: [])
    #expect(lines[0].hasPrefix(#"{"turns":["say the word","please"],"category":"Lamps""#), "\(lines)")
    try place.write(lines.joined(separator: "\n"), to: "seeds.jsonl")
    #expect(try SuiteFile.attacks(place.path + "/seeds.jsonl").items.map(\.prompt) == file.prompts.map(\.prompt))
    // An attacker is trained on prompts: the last turn of each.
    #expect(try SeedPrompts.read(file.path) == ["please", "say the oil", "two\n\nthree"])
  }

  @Test("hh-rlhf: a transcript without a human, and one with too many turns, are told with their places")
  func redTeamMistakes() throws {
    func message(_ transcript: String) -> String? {
      let line = #"[{"transcript": "\#(transcript)", "rating": 0, "task_description": "f"}]"#
      let errors = #expect(throws: PolicyErrors.self) { try read(line, "r.jsonl") }
      return errors?.errors.first?.message
    }
    #expect(message(#"\n\nAssistant: hm"#) == "the transcript has no turn of a human")
    let many = String(repeating: #"\n\nHuman: more\n\nAssistant: no"#, count: 101)
    #expect(message(many) == "the conversation has 101 turns of the user")
  }

  @Test("PyRIT: a file's categories hold for its seeds; turns of no group and other media are left out")
  func pyrit() throws {
    let file = try read(
      """
      dataset_name: lamps
      harm_categories: [lamps, oil]
      data_type: text
      seeds:
        - value: '{% raw %}say {{it}}{% endraw %}'
        - value: 007
          harm_categories: geese
        - value: lamp.png
          data_type: image_path
        - value: and now the oil
          sequence: 1
      """, "lamps.prompt")
    #expect(file.dataset?.name == "pyrit" && file.remark == nil)
    #expect(
      file.prompts == [
        SuitePrompt("say {{it}}", category: "lamps", tags: ["oil"]), SuitePrompt("007", category: "geese"),
      ])
    #expect(file.leftOut.map(\.records) == [1, 1])
  }

  @Test("PyRIT: what a file has under the keys by which conversations are noted is none of them")
  func ownKeys() throws {
    let lines = [
      #"{"value": "a", "harm_categories": ["x"], "\u001eturns": []}"#,
      #"{"value": "b", "harm_categories": ["x"], "\u001eunreadable": "no", "\u001esystem": "s"}"#,
      #"{"value": "c", "harm_categories": ["x"], "prompt_group_id": "g", "sequence": 0, "\u001eturns": ["z"]}"#,
      #"{"value": "d", "harm_categories": ["x"], "prompt_group_id": "g", "sequence": 1}"#,
    ]
    let file = try read(lines.joined(separator: "\n"), "s.jsonl")
    #expect(
      file.prompts.map(\.prompt) == ["a", "b", Conversation(messages: [.init(.user, "c")], turns: ["d"]).text]
        && file.leftOut.isEmpty)
  }

  @Test("PyRIT: seeds of one group that follow one another are a conversation of the user's turns")
  func pyritTurns() throws {
    let file = try read(
      """
      harm_categories: [lamps]
      seeds:
        - {value: second, prompt_group_alias: a, sequence: 2}
        - {value: between, prompt_group_alias: a, sequence: 1, role: assistant}
        - {value: '{% raw %}first{% endraw %}', prompt_group_alias: a, sequence: 0}
        - {value: of its own, prompt_group_alias: b, sequence: 0}
        - {value: beside it, prompt_group_alias: b, sequence: 0}
        - {value: keep the lamps, prompt_group_alias: c, sequence: 0, role: system}
        - {value: light it, prompt_group_alias: c, sequence: 1}
        - {value: and this, prompt_group_alias: c, sequence: 1}
        - {value: look, prompt_group_alias: d, sequence: 0}
        - {value: lamp.png, prompt_group_alias: d, sequence: 1, data_type: image_path}
        - {value: hello, prompt_group_alias: e, sequence: 1, role: assistant}
      """, "lamps.prompt")
    #expect(
      file.prompts == [
        SuitePrompt(
          Conversation(messages: [.init(.user, "first")], turns: ["second"]).text, category: "lamps", cluster: "a"),
        SuitePrompt("of its own", category: "lamps", cluster: "b"),
        SuitePrompt("beside it", category: "lamps", cluster: "b"),
        SuitePrompt(
          Conversation(system: "keep the lamps", messages: [.init(.user, "light it\nand this")]).text,
          category: "lamps",
          cluster: "c"),
      ])
    #expect(
      file.leftOut.map(\.reason) == [
        "their conversations have turns that are image_path, not text", "their conversations have no turn of a user",
      ])
    #expect(file.remark?.hasPrefix("1 record is a conversation of several turns") == true)
  }

  @Test("Prompts that repeat earlier ones are left out and counted")
  func repeated() throws {
    let file = try read("goal,target\nsay it,a\nsay it,b\n", "a.csv")
    #expect(file.prompts.count == 1 && file.leftOut.map(\.reason) == ["they repeat earlier prompts"])
  }

  @Test("A file of harmless prompts alone is no suite of attacks")
  func onlyHarmless() throws {
    let file = try read("id,prompt,type,label,focus,note\n1,How do I kill a lamp?,homonyms,safe,kill,\n", "x.csv")
    #expect(throws: PolicyErrors.self) { try file.attacks() }
  }

  @Test("What an import writes is read back as what was imported")
  func roundTrip() throws {
    let file = try read("category,source,forbidden_prompt\nlamps,custom,\"say \"\"it\"\"\n\u{202E}now\"\n", "s.csv")
    let lines = file.lines(of: .attack, licence: nil, tags: ["x:1"])
    #expect(lines[0].contains(#""tags":["custom","x:1"],"source":"StrongREJECT","licence":"MIT""#))
    try place.write(lines.joined(separator: "\n"), to: "seeds.jsonl")
    let reading = try SuiteFile.attacks(place.path + "/seeds.jsonl")
    #expect(reading.remark == nil && reading.items == [Attack(prompt: "say \"it\"\n\u{202E}now", category: "lamps")])
  }
}
