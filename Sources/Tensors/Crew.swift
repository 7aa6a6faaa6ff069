import CProcessor
import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Threads that share the parts of one operation after the other.
///
/// Operations are cut by rows, columns or heads so that no part reads what another writes, and so that the result is
/// the same bits however many parts there are. Helpers wait actively between operations, which are microseconds apart;
/// where none is free, the caller does all parts, so nothing depends on how many threads the system grants.
public final class Crew {
  /// Threads that take part, the caller's included.
  public let workers: Int
  /// Parts of the operation in the upper half, parts already taken in the lower one; `closed` at the end.
  private let tickets = Atomic<Int>(0)
  private let finished = Atomic<Int>(0)
  /// The operation. Written before its tickets are released, and read only by who holds one.
  private var work: ((Int) -> Void)?

  private static let closed = -1
  /// Turns of waiting (about 40 µs) after which the processor is offered to others.
  private static let patience = 1_000

  private init(workers: Int) { self.workers = workers }

  /// Calls `body` once, with a crew of at most `workers` threads that ends with it. Call it off the cooperative pool.
  public static func gather(_ workers: Int, _ body: (Crew) -> Void) {
    let crew = Crew(workers: max(1, workers))
    // Plain threads: operations work on memory of their caller, which the order of tickets guards, not the type system.
    let helpers = (1..<crew.workers).compactMap { _ in startThread(Unmanaged.passUnretained(crew).toOpaque()) }
    body(crew)
    crew.tickets.store(closed, ordering: .releasing)
    for helper in helpers { pthread_join(helper, nil) }
  }

  private static func startThread(_ crew: UnsafeMutableRawPointer) -> pthread_t? {
    #if canImport(Glibc)
      var thread: pthread_t = 0
    #else
      var thread: pthread_t?
    #endif
    let failure = pthread_create(
      &thread, nil,
      { crew in
        #if canImport(Glibc)
          guard let crew else { return nil }
        #endif
        Unmanaged<Crew>.fromOpaque(crew).takeUnretainedValue().help()
        return nil
      }, crew)
    return failure == 0 ? thread : nil
  }

  /// Runs `body` for the parts 0..<parts, each once, and returns when all are done.
  public func run(parts: Int, _ body: (Int) -> Void) {
    if workers == 1 || parts <= 1 {
      for part in 0..<parts { body(part) }
      return
    }
    withoutActuallyEscaping(body) { body in
      work = body
      finished.store(0, ordering: .relaxed)
      tickets.store(parts << 32, ordering: .releasing)
      while takePart() {}
      var turns = 0
      while finished.load(ordering: .acquiring) < parts { rest(&turns) }
      work = nil
    }
  }

  /// Cuts 0..<count into as many runs as there are workers, each but the last a multiple of `grain`.
  public func split(_ count: Int, grain: Int = 1, _ body: (Range<Int>) -> Void) {
    let share = max(1, ((count + workers - 1) / workers + grain - 1) / grain * grain)
    run(parts: (count + share - 1) / share) { part in body(part * share..<min(count, (part + 1) * share)) }
  }

  private func help() {
    var turns = 0
    while tickets.load(ordering: .relaxed) != Self.closed {
      if takePart() { turns = 0 } else { rest(&turns) }
    }
  }

  /// Does one part, if there is one left.
  private func takePart() -> Bool {
    let seen = tickets.load(ordering: .acquiring)
    guard seen > 0, seen & 0xffff_ffff < seen >> 32 else { return false }
    // The thread that succeeds holds up the operation until its part is done, so the operation is the one that was current.
    let (isMine, _) = tickets.compareExchange(expected: seen, desired: seen + 1, ordering: .acquiringAndReleasing)
    guard isMine else { return true }
    perform(seen & 0xffff_ffff)
    finished.wrappingAdd(1, ordering: .releasing)
    return true
  }

  /// A call of its own, so that no reference to the operation outlives its part.
  @inline(never)
  private func perform(_ part: Int) { work?(part) }

  private func rest(_ turns: inout Int) {
    turns += 1
    if turns < Self.patience { sluice_pause() } else { _ = sched_yield() }
  }
}

/// Cuts 0..<count, rows for example, among a crew where that is worth it; without one the caller does all.
///
/// - Parameter work: floats to handle for each.
public func share(_ crew: Crew?, _ count: Int, work: Int, _ body: (Range<Int>) -> Void) {
  guard let crew, crew.workers > 1, count * work > 20_000 else { return body(0..<count) }
  crew.split(count, body)
}
