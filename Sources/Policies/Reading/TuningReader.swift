import Foundation
import Kinds
import SafetyTuning
import Targets

/// Reads the section `tuning`.
enum TuningReader {
  /// - Parameters:
  ///   - candidate: what is tuned.
  ///   - quiz: the quiz to use where the section names none; nil where there is none.
  ///   - benign: the harmless prompts to use where the section names none; nil where there are none.
  ///   - ledger: its path; variants go beside it.
  /// - Returns: nil where the section is absent, or wrong, which is then noted.
  static func read(
    _ root: Section, candidate: TargetChoice?, kinds: Catalogue, quiz: String?, benign: String?, ledger: String,
    reader: inout PolicyReader
  ) -> TuningPolicy? {
    guard let section = root.child("tuning") else { return nil }
    let place = section.place
    let names = section.list("methods")
    reader.diagnostics.require(
      Set(names).count == names.count, "tuning.methods names a method twice", at: section.place(of: "methods"),
      remedy: "Keep one of each.")
    reader.diagnostics.require(
      root.has("attacker"), "tuning needs an attacker", at: place, remedy: "Add the attacker section and judges.reward."
    )
    let quizFile = section.text("quiz") ?? quiz
    reader.diagnostics.require(
      quizFile != nil || section.has("quiz") || !reader.checksFiles, "tuning needs a quiz", at: place,
      remedy:
        "Set tuning.quiz to a JSON Lines file of questions and answers: without one, nobody can tell a tuned model "
        + "that answers nonsense from a safe one.")
    let benignFile = section.text("benign") ?? benign
    reader.diagnostics.require(
      benignFile != nil || section.has("benign") || section.number("benign_ratio") == 0 || !reader.checksFiles,
      "tuning needs harmless prompts", at: place,
      remedy:
        "Set tuning.benign to a JSON Lines file, or benign_ratio: 0 for a model that may learn to refuse everything."
    )
    guard
      let tuner = section.child("tuner").flatMap({
        kinds.tuners.read($0, candidate: candidate, &reader.diagnostics)
      })
    else { return nil }
    reader.places["tuning.folder"] = section.place(of: "folder")
    let variants = kinds.methods.flatMap(\.variants)
    let methods = names.compactMap { name in variants.first { $0.name == name } }
    return TuningPolicy(
      methods: methods.isEmpty ? variants : methods, combines: section.toggle("combined"),
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
}
