import Foundation
import LanguageModels

/// The reference model of the lab's attacker, loaded once for all tests.
let labReference = Result {
  try CausalLanguageModel.load(
    folder: URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../fixtures/lab/attacker").path)
}
