import Foundation

/// Clopper and Pearson's interval; `successes` and `trials` may be effective, not whole, numbers.
func clopperPearson(
  successes x: Double, trials n: Double, confidence: Double
) -> (lower: Double, upper: Double) {
  let half = (1 - confidence) / 2
  let lower = x <= 0 ? 0 : Distributions.betaQuantile(half, x, n - x + 1)
  let upper = x >= n ? 1 : Distributions.betaQuantile(1 - half, x + 1, n - x)
  return (lower, upper)
}

/// The share of clusters of a kind of which G clusters have none with probability α/2: 1 − (α/2)^{1/G}.
func hiddenShare(clusters: Int, confidence: Double) -> Double {
  1 - pow((1 - confidence) / 2, 1 / Double(max(1, clusters)))
}
