/// y[N,C] = γ · (x − mean) / √(var + ε) + β for each row; keeps mean[N] and rstd[N] for the backward pass.
public func layerNorm(
  rows: Int, width: Int, epsilon: Float, x: UnsafePointer<Float>, gamma: UnsafePointer<Float>,
  beta: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>, mean: UnsafeMutablePointer<Float>,
  rstd: UnsafeMutablePointer<Float>
) {
  for row in 0..<rows {
    let xr = x + row * width
    let yr = y + row * width
    let m = sum(width, xr) / Float(width)
    for i in 0..<width { yr[i] = xr[i] - m }
    let r = 1 / (dot(width, yr, yr) / Float(width) + epsilon).squareRoot()
    for i in 0..<width { yr[i] = yr[i] * r * gamma[i] + beta[i] }
    mean[row] = m
    rstd[row] = r
  }
}

/// The gradient of `layerNorm`.
///
/// - Parameters:
///   - dx: [N,C], overwritten, or added to where `accumulate`.
///   - dGamma, dBeta: [C], added to; nil where the norm is frozen.
public func layerNormBackward(
  rows: Int, width: Int, x: UnsafePointer<Float>, gamma: UnsafePointer<Float>, mean: UnsafePointer<Float>,
  rstd: UnsafePointer<Float>, dy: UnsafePointer<Float>, dx: UnsafeMutablePointer<Float>, accumulate: Bool,
  dGamma: UnsafeMutablePointer<Float>?, dBeta: UnsafeMutablePointer<Float>?, scratch: UnsafeMutablePointer<Float>
) {
  // scratch[2C]: the normalised row and γ·dy.
  let normalised = scratch
  let scaled = scratch + width
  for row in 0..<rows {
    let xr = x + row * width
    let dyr = dy + row * width
    let dxr = dx + row * width
    let m = mean[row]
    let r = rstd[row]
    for i in 0..<width {
      normalised[i] = (xr[i] - m) * r
      scaled[i] = dyr[i] * gamma[i]
    }
    if let dGamma, let dBeta {
      for i in 0..<width {
        dGamma[i] += dyr[i] * normalised[i]
        dBeta[i] += dyr[i]
      }
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
