/// y[N,C] = γ · x / √(mean x² + ε) (+ residual) for each row (Zhang and Sennrich, 2019); keeps rstd[N] = 1/√… for the
/// backward pass. `residual` may be `y` itself.
public func rmsNorm(
  rows: Int, width: Int, epsilon: Float, x: UnsafePointer<Float>, gain: UnsafePointer<Float>,
  residual: UnsafePointer<Float>? = nil, y: UnsafeMutablePointer<Float>, rstd: UnsafeMutablePointer<Float>
) {
  for row in 0..<rows {
    let xr = x + row * width
    let yr = y + row * width
    let r = 1 / (dot(width, xr, xr) / Float(width) + epsilon).squareRoot()
    rstd[row] = r
    if let residual {
      let base = residual + row * width
      for i in 0..<width { yr[i] = base[i] + xr[i] * r * gain[i] }
    } else {
      for i in 0..<width { yr[i] = xr[i] * r * gain[i] }
    }
  }
}

/// The gradient of `rmsNorm`.
///
/// - Parameters:
///   - dx: [N,C], overwritten, or added to where `accumulate`.
///   - dGain: [C], added to; nil where the norm is frozen.
public func rmsNormBackward(
  rows: Int, width: Int, x: UnsafePointer<Float>, gain: UnsafePointer<Float>, rstd: UnsafePointer<Float>,
  dy: UnsafePointer<Float>, dx: UnsafeMutablePointer<Float>, accumulate: Bool, dGain: UnsafeMutablePointer<Float>?
) {
  withUnsafeTemporaryAllocation(of: Float.self, capacity: width) { buffer in
    guard let scratch = buffer.baseAddress else { return }
    for row in 0..<rows {
      rmsRowBackward(
        width, x: x + row * width, gain: gain, rstd: rstd[row], dy: dy + row * width, dx: dx + row * width,
        accumulate: accumulate, dGain: dGain, scratch: scratch)
    }
  }
}

/// dx = r · (γ·dy − x·r² · mean(γ·dy·x)).
private func rmsRowBackward(
  _ width: Int, x: UnsafePointer<Float>, gain: UnsafePointer<Float>, rstd r: Float, dy: UnsafePointer<Float>,
  dx: UnsafeMutablePointer<Float>, accumulate: Bool, dGain: UnsafeMutablePointer<Float>?,
  scratch scaled: UnsafeMutablePointer<Float>
) {
  for i in 0..<width { scaled[i] = dy[i] * gain[i] }
  if let dGain {
    for i in 0..<width { dGain[i] += dy[i] * x[i] * r }
  }
  let pull = r * r * dot(width, scaled, x) / Float(width)
  if accumulate {
    for i in 0..<width { dx[i] += r * (scaled[i] - x[i] * pull) }
  } else {
    for i in 0..<width { dx[i] = r * (scaled[i] - x[i] * pull) }
  }
}

/// Queries and keys normed head by head (Henry et al., 2020); values are copied.
///
/// - Parameters:
///   - qkv: [N, H·D + 2·G·D].
///   - queryGain: [D].
///   - keyGain: [D].
///   - normed: as `qkv`.
///   - rstd: [N,H+G], queries' heads first.
public func headNorm(
  _ shape: AttentionShape, rows: Int, epsilon: Float, qkv: UnsafePointer<Float>, queryGain: UnsafePointer<Float>,
  keyGain: UnsafePointer<Float>, normed: UnsafeMutablePointer<Float>, rstd: UnsafeMutablePointer<Float>
) {
  let heads = shape.heads + shape.keyValueHeads
  let values = heads * shape.headSize
  for row in 0..<rows {
    let (x, y) = (qkv + row * shape.rowWidth, normed + row * shape.rowWidth)
    rmsNorm(
      rows: shape.heads, width: shape.headSize, epsilon: epsilon, x: x, gain: queryGain, y: y, rstd: rstd + row * heads)
    rmsNorm(
      rows: shape.keyValueHeads, width: shape.headSize, epsilon: epsilon, x: x + shape.queryWidth, gain: keyGain,
      y: y + shape.queryWidth, rstd: rstd + row * heads + shape.heads)
    (y + values).update(from: x + values, count: shape.keyValueWidth)
  }
}

/// The gradient of `headNorm`: dqkv is overwritten; the gains' gradients [D] are added to, nil where frozen.
public func headNormBackward(
  _ shape: AttentionShape, rows: Int, qkv: UnsafePointer<Float>, queryGain: UnsafePointer<Float>,
  keyGain: UnsafePointer<Float>, rstd: UnsafePointer<Float>, dNormed: UnsafePointer<Float>,
  dqkv: UnsafeMutablePointer<Float>, dQueryGain: UnsafeMutablePointer<Float>?, dKeyGain: UnsafeMutablePointer<Float>?
) {
  let heads = shape.heads + shape.keyValueHeads
  let size = shape.headSize
  withUnsafeTemporaryAllocation(of: Float.self, capacity: size) { buffer in
    guard let scratch = buffer.baseAddress else { return }
    for row in 0..<rows {
      for head in 0..<heads {
        let isQuery = head < shape.heads
        let place = row * shape.rowWidth + head * size
        rmsRowBackward(
          size, x: qkv + place, gain: isQuery ? queryGain : keyGain, rstd: rstd[row * heads + head],
          dy: dNormed + place, dx: dqkv + place, accumulate: false, dGain: isQuery ? dQueryGain : dKeyGain,
          scratch: scratch)
      }
      let values = row * shape.rowWidth + heads * size
      (dqkv + values).update(from: dNormed + values, count: shape.keyValueWidth)
    }
  }
}
