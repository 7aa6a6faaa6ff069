import Core
import Synchronization

/// Outcomes that are committed and wait to be judged, while others are still asked for.
///
/// They are handed on in groups, since a judge works best on many at once. However slow it is, the memory that waiting
/// texts take is bounded: beyond that an outcome waits without its text, which the ledger has.
final class JudgingBacklog: Sendable {
  struct Item: Sendable {
    /// The question's index.
    let index: Int
    /// Nil where the response has to be read from the ledger again.
    let outcome: ResponseOutcome?
    /// Whether it was in the ledger before, perhaps with scores.
    let isStored: Bool
  }

  /// Outcomes of a group, and bytes of their texts.
  static let groupSize = 1_024
  static let groupBytes = 4 << 20
  /// Bytes of text that may wait.
  static let mostBytes = 16 << 20

  private struct State: Sendable {
    var groups: [[Item]] = []
    var open: [Item] = []
    var openBytes = 0
    var bytes = 0
    var isOver = false
    var reader: CheckedContinuation<[Item]?, Never>?
  }

  private let state = Mutex(State())

  func add(_ outcomes: [(index: Int, outcome: ResponseOutcome)], areStored: Bool) {
    change { state in
      for (index, outcome) in outcomes {
        let bytes = Self.bytes(outcome)
        let fits = bytes == 0 || state.bytes + bytes <= Self.mostBytes
        state.open.append(Item(index: index, outcome: fits ? outcome : nil, isStored: areStored))
        if fits {
          state.openBytes += bytes
          state.bytes += bytes
        }
        if state.open.count >= Self.groupSize || state.openBytes >= Self.groupBytes { Self.close(&state) }
      }
    }
  }

  /// No more will come: what waits is the rest.
  func end() {
    change { state in
      state.isOver = true
      if !state.open.isEmpty { Self.close(&state) }
    }
  }

  /// Nobody wants to know any more: what waits is left to another run.
  func abandon() {
    change { state in
      state.isOver = true
      (state.groups, state.open) = ([], [])
    }
  }

  /// The next group, as soon as there is one; nil after the last, and where the task was cancelled.
  func next() async -> [Item]? {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        change { $0.reader = continuation }
      }
    } onCancel: {
      abandon()
    }
  }

  /// Changes the state, and gives the reader what has become ready.
  private func change(_ body: (inout State) -> Void) {
    let ready = state.withLock { state -> (CheckedContinuation<[Item]?, Never>, [Item]?)? in
      body(&state)
      guard let reader = state.reader, !state.groups.isEmpty || state.isOver else { return nil }
      state.reader = nil
      guard !state.groups.isEmpty else { return (reader, nil) }
      let group = state.groups.removeFirst()
      for item in group { if let outcome = item.outcome { state.bytes -= Self.bytes(outcome) } }
      return (reader, group)
    }
    if let (reader, group) = ready { reader.resume(returning: group) }
  }

  private static func close(_ state: inout State) {
    state.groups.append(state.open)
    (state.open, state.openBytes) = ([], 0)
  }

  private static func bytes(_ outcome: ResponseOutcome) -> Int {
    if case .success(let response) = outcome { response.text.utf8.count } else { 0 }
  }
}
