/// y[N,C] = γ · (x − mean) / √(var + ε) + β for each row; keeps statistics[N,2], mean and 1/√…, for the backward pass.
///
/// - Parameter beta: [C]; nil for zeros.
public func layerNorm(
  rows: Int, width: Int, epsilon: Float, x: UnsafePointer<Float>, gamma: UnsafePointer<Float>,
  beta: UnsafePointer<Float>?, y: UnsafeMutablePointer<Float>, statistics: UnsafeMutablePointer<Float>
) {
  for row in 0..<rows {
    let xr = x + row * width
    let yr = y + row * width
    let m = sum(width, xr) / Float(width)
    for i in 0..<width { yr[i] = xr[i] - m }
    let r = 1 / (dot(width, yr, yr) / Float(width) + epsilon).squareRoot()
    if let beta {
      for i in 0..<width { yr[i] = yr[i] * r * gamma[i] + beta[i] }
    } else {
      for i in 0..<width { yr[i] = yr[i] * r * gamma[i] }
    }
    statistics[2 * row] = m
    statistics[2 * row + 1] = r
  }
}

/// The gradient of `layerNorm`.
///
/// - Parameters:
///   - dx: [N,C], overwritten, or added to where `accumulate`.
///   - dGamma: [C], added to; nil where the norm is frozen.
///   - dBeta: as `dGamma`; nil also where there is none.
public func layerNormBackward(
  rows: Int, width: Int, x: UnsafePointer<Float>, gamma: UnsafePointer<Float>, statistics: UnsafePointer<Float>,
  dy: UnsafePointer<Float>, dx: UnsafeMutablePointer<Float>, accumulate: Bool,
  dGamma: UnsafeMutablePointer<Float>?, dBeta: UnsafeMutablePointer<Float>?, scratch: UnsafeMutablePointer<Float>
) {
  // scratch[2C]: the normalised row and γ·dy.
  let normalised = scratch
  let scaled = scratch + width
  for row in 0..<rows {
    let xr = x + row * width
    let dyr = dy + row * width
    let dxr = dx + row * width
    let (m, r) = (statistics[2 * row], statistics[2 * row + 1])
    for i in 0..<width {
      normalised[i] = (xr[i] - m) * r
      scaled[i] = dyr[i] * gamma[i]
    }
    if let dGamma {
      for i in 0..<width { dGamma[i] += dyr[i] * normalised[i] }
    }
    if let dBeta {
      for i in 0..<width { dBeta[i] += dyr[i] }
    }
    let meanScaled = sum(width, scaled) / Float(width)
    let meanProduct = dot(width, scaled, normalised) / Float(width)
    if accumulate {
      for i in 0..<width { dxr[i] += r * (scaled[i] - meanScaled - normalised[i] * meanProduct) }
    } else {
      for i in 0..<width { dxr[i] = r * (scaled[i] - meanScaled - normalised[i] * meanProduct) }
    }
  }
}
