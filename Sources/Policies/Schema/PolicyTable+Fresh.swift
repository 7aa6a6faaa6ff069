import Core
import Decisions
import Kinds

extension PolicyTable {
  static let fresh = PolicyKey(
    name: "fresh",
    shape: .object([
      PolicyKey(
        name: "similarity", shape: .number(ratio), fallback: "0.7",
        help: "Cosine from which two attacks count as one."),
      PolicyKey(
        name: "confirm_responses", shape: .integer(1...1000), fallback: "3",
        help: "Fresh responses for each claimed attack; a majority confirms it."),
      PolicyKey(
        name: "confirm",
        shape: .object([
          PolicyKey(
            name: "rate", shape: .number(ratio), required: true,
            help: "The success rate that a confirmed attack exceeds: 0.1 for a secret that leaks one time in five."),
          PolicyKey(
            name: "confidence", shape: .number(ratio), fallback: "0.95",
            help: "How sure that is, for each attack (an exact binomial test)."),
          PolicyKey(
            name: "responses", shape: .integer(1...ConfirmationRule.mostResponses),
            help:
              "Most fresh responses for each claimed attack; asking stops where it is decided (default: what confirms an attack "
              + "halfway between the rate and 1 four times in five)."),
        ]), help: "Confirms attacks by their success rate instead of by a majority."),
    ]), help: "How fresh attacks are confirmed and counted.")
}
