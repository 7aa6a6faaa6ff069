import Dispatch
import Synchronization

/// Independent pieces of work on a fixed number of threads, first come first served.
package enum JobQueue {
  /// The results in the order of `jobs`.
  /// - Throws: the error of the earliest job that threw; all jobs have ended by then.
  package static func run<Value: Sendable>(_ jobs: [@Sendable () throws -> Value], workers: Int) throws -> [Value] {
    let results = Mutex<[Result<Value, any Error>?]>(Array(repeating: nil, count: jobs.count))
    let next = Atomic<Int>(0)
    DispatchQueue.concurrentPerform(iterations: max(1, min(workers, jobs.count))) { _ in
      while true {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        if index >= jobs.count { return }
        let result = Result { try jobs[index]() }
        results.withLock { $0[index] = result }
      }
    }
    return try results.withLock { all in try all.compactMap { try $0?.get() } }
  }
}
