import Core
import Kinds
import Targets
import Transforms

/// Reads `suite.transforms` and `suite.rewriter`.
struct TransformReader {
  let suite: Section

  /// - Parameters:
  ///   - isSound: whether the policy is right as far as it was read: else what is missing may only follow from a mistake.
  ///   - target: makes a target of a section, and notes what is wrong with it.
  ///   - note: called with each rewriter and its section.
  func transforms(
    _ diagnostics: inout Diagnostics, isSound: Bool, target: (Section) -> TargetChoice?,
    note: (SuiteTransform.Rewriter, Section) -> Void
  ) -> [SuiteTransform] {
    var all: [SuiteTransform] = []
    var usual: SuiteTransform.Rewriter?
    if let section = suite.child("rewriter"), let target = target(section) {
      usual = .init(name: "suite", target: target)
      usual.map { note($0, section) }
    }
    for section in suite.sections("transforms") {
      let place = section.has("language") || section.kind != nil ? section.place : suite.place(of: "transforms")
      do {
        let chain = try TransformChain(section.entry ?? "", language: section.text("language"))
        var own: SuiteTransform.Rewriter?
        // Only a target's keys have a kind.
        if section.kind != nil { own = target(section).map { .init(name: chain.name, target: $0) } }
        if let rewriter = own {
          diagnostics.require(
            chain.asksModel, "suite.transforms: \(quoted(chain.name)) asks no model, and names one", at: place,
            remedy: "Remove its keys.")
          // One model is one rewriter, however often it is written out.
          let known = ([usual] + all.map(\.rewriter)).compactMap(\.self).first { $0.target == rewriter.target }
          own = known ?? rewriter
          if known == nil { note(rewriter, section) }
        }
        diagnostics.require(
          !all.contains { $0.chain.name == chain.name }, "suite.transforms has \(quoted(chain.name)) twice", at: place,
          remedy: "Name each once.")
        if isSound, chain.asksModel, own == nil, usual == nil, !suite.has("rewriter") {
          diagnostics.add(
            "suite.transforms: \(quoted(chain.name)) asks a model, and the policy names none", at: place,
            remedy: "Give suite.rewriter: {kind: …}, or write \(chain.name): {kind: …} with the keys of a target.")
        }
        all.append(SuiteTransform(chain: chain, rewriter: chain.asksModel ? own ?? usual : nil))
      } catch {
        diagnostics.add("suite.transforms: \(error.message)", at: place, remedy: error.remedy ?? "Remove it.")
      }
    }
    if isSound, suite.has("rewriter"), diagnostics.errors.isEmpty,
      !all.contains(where: { $0.rewriter == usual && usual != nil })
    {
      diagnostics.add(
        "suite.rewriter has nothing to rewrite", at: suite.place(of: "rewriter"),
        remedy: "Add a transform that asks it, such as past-tense, to suite.transforms, or remove it.")
    }
    return all
  }
}
