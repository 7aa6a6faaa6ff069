import Core
import LanguageModels

/// A reference model of the lab that asks for rare cells even more rarely than the committed one: an instrument that tells how
/// an attacker fares where sampling alone doesn't reach.
public enum SkewedReference {
  /// - Parameters:
  ///   - attacker: the lab's reference model.
  ///   - skew: the lab's prior over cells is raised to this power and normalised; 1 is the prior itself (100 to 1), with 3
  ///     the rarest cell is a million times rarer than the commonest.
  /// - Throws: `InternalError` when the model's tokenizer isn't the lab's.
  public static func train(from attacker: CausalLanguageModel, skew: Int, seed: UInt64) throws -> CausalLanguageModel {
    let encoder = try Encoder(attacker.tokenizer)
    let corpus = AttackerCorpus(skew: skew)
    var random = SeededGenerator(seed: seed, stream: "skewed reference \(skew)")
    let weights = DecoderTraining(prefix: [encoder.id(.attacker)], schedule: LabModels.Schedules.full.attacker)
      .run(from: attacker.weights, random: &random, report: { _, _ in }) { (encoder.request(corpus.prompt(&$0)), 0) }
    return attacker.with(weights, promptTemplate: attacker.promptTemplate)
  }
}
