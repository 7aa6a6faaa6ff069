import Foundation

/// What a fine-tuning job costs, as far as can be told.
struct TuningCost {
  let tokens: Int
  /// Nil where no price is known.
  let amount: Double?

  init(tokens: Int, settings: FineTuningAPITuner.Settings) {
    self.tokens = tokens
    amount = settings.pricePerMillionTokens.map { Double(tokens) / 1e6 * $0 }
  }

  /// An estimate before anything is sent: four bytes a token, as in English text, and a little more than the
  /// conversations themselves because their JSON counts too.
  init(estimatedFor bytes: Int, settings: FineTuningAPITuner.Settings) {
    self.init(tokens: ((bytes + 3) / 4).multipliedSaturated(by: settings.epochs), settings: settings)
  }

  /// Nil where the job may be started.
  func refusal(_ settings: FineTuningAPITuner.Settings) -> TuningFailure? {
    guard let limit = settings.costLimit, let amount, let price = settings.pricePerMillionTokens, amount > limit
    else { return nil }
    return TuningFailure(
      .tooExpensive,
      "tuning would cost about \(Self.money(amount)) (\(tokens) tokens in \(settings.epochs) epochs at "
        + "\(Self.money(price)) a million), more than the limit of \(Self.money(limit))")
  }

  var description: String { "\(tokens) tokens" + (amount.map { ", \(Self.money($0))" } ?? "") }

  private static func money(_ amount: Double) -> String {
    String(format: amount >= 0.1 || amount == 0 ? "%.2f" : "%.6f", amount)
  }
}
