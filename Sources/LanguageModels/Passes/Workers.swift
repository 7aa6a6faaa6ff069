import Dispatch
import Synchronization
import Tensors

/// Runs independent pieces on a fixed number of threads and returns their results in order.
///
/// Each piece has one thread; where there is only one piece, all threads share it as a crew. Neither the pieces nor what
/// a crew computes depend on the number of workers, so the results don't either. Call it off the cooperative pool.
func mapConcurrently<Result: Sendable>(
  _ count: Int, workers: Int, _ body: @Sendable (Int, Crew) -> Result
) -> [Result] {
  if workers <= 1 || count <= 1 { return mapInTurn(count, workers: workers, body) }
  let results = Mutex<[Result?]>(Array(repeating: nil, count: count))
  let next = Atomic<Int>(0)
  DispatchQueue.concurrentPerform(iterations: min(workers, count)) { _ in
    Crew.gather(1) { alone in
      while true {
        let piece = next.wrappingAdd(1, ordering: .relaxed).oldValue
        if piece >= count { return }
        let result = body(piece, alone)
        results.withLock { $0[piece] = result }
      }
    }
  }
  return results.withLock { $0.compactMap { $0 } }
}

/// Runs pieces one after the other, all threads sharing each.
func mapInTurn<Result>(_ count: Int, workers: Int, _ body: (Int, Crew) -> Result) -> [Result] {
  var results: [Result] = []
  Crew.gather(workers) { crew in results = (0..<count).map { body($0, crew) } }
  return results
}
