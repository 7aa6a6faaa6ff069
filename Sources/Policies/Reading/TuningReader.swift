import Foundation

/// Reads the section `tuning`.
enum TuningReader {
  /// - Parameters:
  ///   - candidate: what is tuned.
  ///   - quiz: the file that stands in where none is named; nil where there is none.
  ///   - benign: likewise.
  ///   - ledger: its path; variants go beside it.
  /// - Returns: nil where the section is absent, or wrong, which is then noted.
  static func read(
    _ root: Section, candidate: Section?, quiz: String?, benign: String?, ledger: String, reader: inout PolicyReader
  ) -> TuningPolicy? {
    guard let section = reader.child(root, "tuning", path: []) else { return nil }
    let place = section.node?.place
    let names = reader.texts(section, "methods", path: ["tuning"])
    reader.require(
      Set(names).count == names.count, "tuning.methods names a method twice", at: section.values["methods"]?.place,
      remedy: "Keep one of each.")
    reader.require(
      root.has("attacker"), "tuning needs an attacker", at: place, remedy: "Add the attacker section and judges.reward."
    )
    let quizFile = section.text("quiz") ?? quiz
    reader.require(
      quizFile != nil || section.has("quiz") || !reader.checksFiles, "tuning needs a quiz", at: place,
      remedy:
        "Set tuning.quiz to a JSON Lines file of questions and answers: without one, nobody can tell a tuned model "
        + "that answers nonsense from a safe one.")
    let benignFile = section.text("benign") ?? benign
    reader.require(
      benignFile != nil || section.has("benign") || section.number("benign_ratio") == 0 || !reader.checksFiles,
      "tuning needs harmless prompts", at: place,
      remedy:
        "Set tuning.benign to a JSON Lines file, or benign_ratio: 0 for a model that may learn to refuse everything."
    )
    guard let tunerSection = reader.child(section, "tuner", path: ["tuning"]),
      let tuner = tuner(tunerSection, reader: &reader)
    else { return nil }
    let kind = tunerSection.string("kind")
    if let served = candidate?.text("kind").map({ $0 == "openai" }), kind != "command" {
      reader.require(
        served == (kind == "fine-tuning-api"),
        "tuning.tuner of kind \(kind) can't tune a \(served ? "served" : "local") candidate",
        at: tunerSection.values["kind"]?.place,
        remedy: "Use kind: \(served ? "fine-tuning-api" : "local"), or kind: command with a trainer of your own.")
    }
    reader.places["tuning.folder"] = section.values["folder"]?.place
    let methods = names.compactMap(TuningPolicy.Method.init)
    return TuningPolicy(
      methods: methods.isEmpty ? TuningPolicy.Method.allCases : methods, combines: section.toggle("combined"),
      tuner: tuner, responses: section.integer("responses"), restarts: section.integer("restarts"),
      proposals: section.integer("proposals"), heldOut: section.number("held_out"),
      mostAttacks: section.integer("most_attacks"), benign: benignFile ?? "",
      benignRatio: section.number("benign_ratio"),
      refusals: .init(rawValue: section.string("refusals")) ?? .instructed, instruction: section.string("instruction"),
      quiz: quizFile ?? "", rounds: section.integer("rounds"),
      failsWhenUnusable: section.text("unusable") == "fail",
      folder: section.text("folder")
        ?? ((ledger as NSString).deletingLastPathComponent as NSString).appendingPathComponent("variants"))
  }

  private static func tuner(_ section: Section, reader: inout PolicyReader) -> TuningPolicy.TunerPolicy? {
    switch section.text("kind") {
    case "local":
      return .local(
        LocalTunerPolicy(
          rank: section.integer("rank"), alpha: section.number("alpha"), learningRate: section.number("learning_rate"),
          epochs: section.integer("epochs"), batch: section.integer("batch")))
    case "fine-tuning-api":
      reader.require(
        !section.has("cost_limit") || section.has("price"), "tuning.tuner.cost_limit needs price",
        at: section.values["cost_limit"]?.place, remedy: "State what a million training tokens cost.")
      return .fineTuningAPI(
        FineTuningPolicy(
          server: ServerPolicy(section), epochs: section.integer("epochs"),
          pollInterval: section.seconds("poll") ?? 10, timeLimit: section.seconds("time_limit"),
          costLimit: section.optionalNumber("cost_limit"), price: section.optionalNumber("price")))
    case "command":
      let command = reader.texts(section, "command", path: ["tuning", "tuner"])
      reader.require(
        !command.isEmpty || !section.has("command"), "tuning.tuner.command is empty",
        at: section.values["command"]?.place, remedy: "For example [python3, train.py, '{data}', '{output}'].")
      let variables = section.has("env") ? reader.texts(section, "env", path: ["tuning", "tuner"]) : []
      return .command(
        CommandTunerPolicy(command: command, timeLimit: section.seconds("time_limit"), variables: variables))
    default: return nil
    }
  }
}
