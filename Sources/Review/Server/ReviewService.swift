import Core
import Foundation

/// A review from its first sample to Ctrl-C.
///
/// The texts of a sealed ledger don't stay in its memory: once a sample is drawn, and whenever nobody has asked for a while, the
/// process runs its program anew, on the same port and with the same addresses.
public struct ReviewService: Sendable {
  private let assignment: ReviewDesk.Assignment
  private let ledger: String
  private let reviewers: [String]
  private let port: UInt16
  private let quiet: Duration
  private let signals: [Int32]

  /// - Parameters:
  ///   - ledger: the file.
  ///   - reviewers: each gets an address of their own, which says who they are.
  ///   - port: 0 for any that is free.
  ///   - quiet: how long nobody asks before texts of a sealed ledger leave the memory.
  ///   - signals: those that the process listens for.
  public init(
    ledger: String, _ assignment: ReviewDesk.Assignment, reviewers: [String], port: UInt16, quiet: Duration,
    signals: [Int32]
  ) {
    (self.ledger, self.assignment, self.reviewers) = (ledger, assignment, reviewers)
    (self.port, self.quiet, self.signals) = (port, quiet, signals)
  }

  /// Serves until its task is cancelled.
  /// - Parameters:
  ///   - onReady: called with the remarks for the reviewers.
  ///   - onListening: called once with the run and each reviewer's address, when the addresses answer.
  /// - Throws: `SluiceError`: usage for a run without responses that its judge scored, and for a port that can't be used; interrupted
  ///   (75) where another process holds the ledger. What the closures throw.
  public func run(
    onReady: @Sendable (_ notices: [String]) -> Void,
    onListening: @escaping @Sendable (_ run: String, _ addresses: [(reviewer: String, url: String)]) throws -> Void
  ) async throws {
    let earlier = ReviewRenewal.received()
    var assignment = assignment
    if let earlier {
      assignment.run = earlier.run
      assignment.drawsAnew = false
      assignment.isKnown = true
    }
    let desk = try ReviewDesk(ledger: ledger, assignment)
    if earlier == nil {
      onReady(desk.notices)
      if desk.isSealed { renewal(desk, port: port, []).perform(listening: signals) }
    }
    var (port, isAnnounced) = (earlier?.port ?? port, earlier?.passes.isEmpty == false)
    let passes = isAnnounced ? earlier?.passes ?? [] : RequestGuard.Pass.new(reviewers)
    while true {
      let announces = !isAnnounced
      port = try await ReviewServer(desk, passes: passes, port: port).run(quiet: desk.isSealed ? quiet : nil) {
        if announces { try onListening(desk.run, $0) }
      }
      isAnnounced = true
      renewal(desk, port: port, passes).perform(listening: signals)
    }
  }

  private func renewal(_ desk: ReviewDesk, port: UInt16, _ passes: [RequestGuard.Pass]) -> ReviewRenewal {
    ReviewRenewal(process: getpid(), run: desk.run, port: port, passes: passes)
  }
}
