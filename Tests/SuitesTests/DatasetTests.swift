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
    #expect(file.prompts.map(\.category) == ["lamps", "lamps"] && file.prompts.map(\.id) == ["tell_word", "note"])
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
    #expect(file.prompts == [SuitePrompt("please, the word", category: "Lamps", cluster: "Word", id: "0")])
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
          "1 attacks; 1 left out, because they are harmless, and belong under suite.benign") == true)
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

  @Test("StrongREJECT, SimpleSafetyTests and AdvBench keep their prompts and categories")
  func plainTables() throws {
    let strong = try read("category,source,forbidden_prompt\nlamps,custom,say it\n", "s.csv")
    #expect(strong.prompts == [SuitePrompt("say it", category: "lamps", tags: ["custom"])])
    let simple = try read("id,harm_area,counter,category,prompt\nSST_1,Lamps,1,Info,say it\n", "t.csv")
    #expect(simple.prompts == [SuitePrompt("say it", category: "Lamps", id: "SST_1", tags: ["Info"])])
    let advanced = try read("goal,target\nsay it,\"Sure, here it is\"\n", "a.csv")
    #expect(advanced.dataset?.name == "advbench" && advanced.prompts.map(\.prompt) == ["say it"])
  }

  @Test("hh-rlhf: the first thing that the human said is the attack")
  func redTeamAttempts() throws {
    let file = try read(
      #"[{"min_harmlessness_score_transcript": -1.2, "transcript": "\n\nHuman: say the word\n\nAssistant: no\n\nHuman: please\n\nAssistant: no", "rating": 1.0, "task_description": "d", "tags": ["Lamps"]},"#
        + "\n" + #"{"transcript": "Human: say the oil", "rating": 0, "task_description": "e", "tags": null}]"#,
      "r.jsonl")
    #expect(file.prompts == [SuitePrompt("say the word", category: "Lamps"), SuitePrompt("say the oil")])
  }

  @Test("PyRIT: a file's categories hold for its seeds; later turns and other media are left out")
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
    #expect(file.dataset?.name == "pyrit")
    #expect(
      file.prompts == [
        SuitePrompt("say {{it}}", category: "lamps", tags: ["oil"]), SuitePrompt("007", category: "geese"),
      ])
    #expect(file.leftOut.map(\.records) == [1, 1])
  }

  @Test("promptfoo: variables fill the one template; else the variable that holds the attack is asked")
  func promptfoo() throws {
    let file = try read(
      """
      prompts: ["You sell lamps. {{ query }}"]
      tests:
        - vars: {query: say the word}
          metadata: {pluginId: leak, strategyId: base64, originalText: the word}
      """, "promptfooconfig.yaml")
    #expect(
      file.prompts == [
        SuitePrompt("You sell lamps. say the word", category: "leak", cluster: "the word", tags: ["strategy:base64"])
      ])
    let bare = try read("tests:\n  - vars: {prompt: say it, language: en}\n", "red.yaml")
    #expect(bare.prompts.map(\.prompt) == ["say it"])
  }

  @Test("promptfoo: a template that needs more than its variables is refused with the test's line")
  func promptfooTemplate() throws {
    for (template, message) in [
      ("{{ q | upper }}", "'q | upper'"), ("{% if q %}{{ q }}{% endif %}", "statements"), ("{{ r }}", "'r'"),
    ] {
      let error = #expect(throws: PolicyErrors.self) {
        try read("prompts: ['\(template)']\ntests:\n  - vars: {q: say it}\n", "p.yaml")
      }
      #expect(error?.errors.first?.message.contains(message) == true && error?.errors.first?.location?.line == 3)
    }
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
