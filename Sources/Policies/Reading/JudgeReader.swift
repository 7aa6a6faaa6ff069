import Core

/// Reads the policy's judges, which may be made of other judges.
enum JudgeReader {
  /// - Parameter hasAttacker: then judges meet attacks without a category.
  /// - Returns: nil where the judge is absent, or wrong, which is then noted.
  static func read(
    _ judges: Section, _ name: String, hasAttacker: Bool, reader: inout PolicyReader
  ) -> JudgePolicy? {
    let path = ["judges", name]
    guard let section = reader.child(judges, name, path: ["judges"]) else { return nil }
    let judge = judge(section, path: path, reader: &reader)
    if hasAttacker, case .routed(let routing)? = judge {
      reader.require(
        routing.otherwise != nil,
        "\(reader.described(path)) has no judge for fresh attacks, which have no category yet", at: section.node?.place,
        remedy: "Add otherwise: {…} with the judge of everything that no route takes.")
    }
    return judge
  }

  /// Planted transcripts by judge.
  static func examples(_ judges: Section, reader: inout PolicyReader) -> [String: JudgeExamples] {
    var examples: [String: JudgeExamples] = [:]
    for name in ["reward", "confirm"] {
      // What is wrong with the judge itself is noted where it is read.
      var quiet = reader
      guard let judge = quiet.child(judges, name, path: ["judges"]) else { continue }
      let path = ["judges", name]
      guard let section = reader.child(judge, "examples", path: path) else { continue }
      examples[name] = JudgeExamples(
        unsafe: reader.texts(section, "unsafe", path: path + ["examples"]),
        safe: reader.texts(section, "safe", path: path + ["examples"]))
    }
    return examples
  }

  private static func judge(_ section: Section, path: [String], reader: inout PolicyReader) -> JudgePolicy? {
    switch section.text("kind") {
    case "classifier":
      .classifier(checkpoint: section.string("checkpoint"), threshold: section.number("threshold"))
    case "rules": .rules(file: section.string("file"))
    case "llm": languageModel(section, path: path, reader: &reader)
    case "moderation": moderation(section, path: path, reader: &reader)
    case "ensemble": ensemble(section, path: path, reader: &reader)
    case "routed": routed(section, path: path, reader: &reader)
    default: nil
    }
  }

  private static func languageModel(
    _ section: Section, path: [String], reader: inout PolicyReader
  ) -> JudgePolicy {
    let labels = reader.childOrDefaults(section, "labels", path: path)
    let isConversation = section.text("style") == "conversation"
    let isReasoned = section.text("answer") == "reasoned"
    let name = reader.described(path)
    reader.require(
      labels.string("unsafe").lowercased() != labels.string("safe").lowercased(),
      "\(name) has one label for both verdicts", at: section.values["labels"]?.place,
      remedy: "Name two words, for example {unsafe: unsafe, safe: safe}.")
    reader.require(
      !isConversation || section.text("api") == "chat", "\(name): style: conversation needs api: chat",
      at: section.values["style"]?.place, remedy: "Only a chat has turns; use style: rubric with completions.")
    for key in ["rubric", "answer"] where isConversation && section.has(key) && section.text(key) != "label" {
      reader.diagnostics.add(
        "\(name): a guard model in style: conversation takes no \(key)", at: section.values[key]?.place,
        remedy: "Its own template holds the rules and the form of the verdict; remove \(key), or use style: rubric.")
    }
    return .languageModel(
      LLMJudgePolicy(
        server: ServerPolicy(section), api: .init(rawValue: section.string("api")) ?? .chat,
        rubric: section.text("rubric"), style: isConversation ? .conversation : .rubric,
        answer: isReasoned ? .reasoned : .label, unsafeLabel: labels.string("unsafe"),
        safeLabel: labels.string("safe"), readsProbabilities: section.toggle("logprobs"),
        maxTokens: section.optionalInteger("max_tokens") ?? (isReasoned ? 512 : 16),
        threshold: section.number("threshold")))
  }

  private static func moderation(_ section: Section, path: [String], reader: inout PolicyReader) -> JudgePolicy {
    var categories: [String: String] = [:]
    for (category, node) in reader.sections(section, "categories", path: path) {
      guard let name = category.text("name") else { continue }
      reader.require(
        categories.updateValue(category.text("as") ?? name, forKey: name) == nil,
        "the category \(quoted(name)) is given twice", at: node.place, remedy: "Keep one.")
    }
    return .moderation(
      ModerationJudgePolicy(
        server: ServerPolicy(section), categories: categories, threshold: section.number("threshold")))
  }

  private static func ensemble(_ section: Section, path: [String], reader: inout PolicyReader) -> JudgePolicy {
    let members = reader.sections(section, "members", path: path)
    let judges = members.enumerated().compactMap { index, member in
      judge(member.section, path: path + ["members", "\(index)"], reader: &reader)
    }
    for (index, judge) in judges.enumerated() where members.count == judges.count {
      reader.require(
        !judges[..<index].contains { $0.isSameJudge(as: judge) }, "\(quoted(judge.name)) is a member twice",
        at: members[index].node.place, remedy: "Its second vote is no second opinion; keep one.")
    }
    reader.require(
      members.count != 1, "\(reader.described(path)) is an ensemble of one", at: section.values["members"]?.place,
      remedy: "Name that judge itself, or add another.")
    let rule = EnsemblePolicy.Rule(rawValue: section.string("rule")) ?? .majority
    reader.require(
      rule != .majority || !section.has("threshold"),
      "\(reader.described(path)): a majority is decided at one half", at: section.values["threshold"]?.place,
      remedy: "Set the members' thresholds, or use rule: mean.")
    return .ensemble(EnsemblePolicy(rule: rule, members: judges, threshold: section.number("threshold")))
  }

  private static func routed(_ section: Section, path: [String], reader: inout PolicyReader) -> JudgePolicy {
    let routes = reader.sections(section, "routes", path: path).enumerated().compactMap {
      index, item -> RoutingPolicy.Route? in
      let place = path + ["routes", "\(index)"]
      reader.require(
        item.section.has("locales") || item.section.has("categories"),
        "\(reader.described(place)) takes everything", at: item.node.place,
        remedy: "Give locales or categories, or move its judge to otherwise.")
      let locales = reader.texts(item.section, "locales", path: place)
      let categories = reader.texts(item.section, "categories", path: place)
      guard let child = reader.child(item.section, "judge", path: place),
        let judge = judge(child, path: place + ["judge"], reader: &reader)
      else { return nil }
      return RoutingPolicy.Route(locales: locales, categories: categories, judge: judge)
    }
    let otherwise = reader.child(section, "otherwise", path: path).flatMap {
      judge($0, path: path + ["otherwise"], reader: &reader)
    }
    return .routed(RoutingPolicy(routes: routes, otherwise: otherwise))
  }
}
