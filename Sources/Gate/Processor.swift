import Core
import Tensors

/// Makes sure that the processor has what the engine's kernels are compiled for.
/// - Throws: `SluiceError` (unavailable) where it hasn't.
public func requireProcessor() throws {
  if hasVectorUnits { return }
  throw SluiceError(
    .unavailable, "this processor has no AVX2 and FMA, which Sluice's language models are computed with",
    remedy: "Run Sluice on a machine from 2015 or later, or on arm64.")
}
