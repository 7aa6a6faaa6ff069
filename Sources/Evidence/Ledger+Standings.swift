import Core
import Foundation

/// Where searches stand that are not done: files in a folder beside the ledger, for their owner alone and sealed as the ledger is.
///
/// They are no evidence and may be lost: what they hold is computed again from the ledger. A search that goes on from one is noted
/// in the audit chain.
extension Ledger {
  private static let standingFile = "where a search stands"
  /// A larger file is none of ours.
  private static let largestStanding = 1 << 30

  private var standingFolder: String { path + ".searches" }

  /// A name for a search of a run, which tells nothing of either.
  private func standingName(_ search: String, _ run: String) -> String {
    let name = Array("\(run)\n\(search)".utf8)
    return String(
      (functions.sealer.map { sealer in name.withUnsafeBytes(sealer.digest) } ?? SHA256.hex(name)).prefix(32))
  }

  private func standingPath(_ search: String, _ run: String) -> String {
    standingFolder + "/" + standingName(search, run)
  }

  /// Replaces what was kept of a search.
  /// - Parameter search: its key, as for `storeSearch`.
  /// - Throws: `SluiceError`: permission (77), I/O (74).
  public func keepStanding(_ bytes: [UInt8], of search: String, run: String) throws {
    if mkdir(standingFolder, 0o700) != 0, errno != EEXIST {
      throw SluiceError(
        .inputOutput, "can't make a folder for \(Self.standingFile): \(String(cString: strerror(errno)))",
        at: SourceLocation(file: standingFolder))
    }
    guard FileStatus(standingFolder, followsLinks: false)?.kind == .folder else {
      throw SluiceError(
        .usage, "\(Self.standingFile): there is something else than a folder",
        at: SourceLocation(file: standingFolder))
    }
    let identity = Array(standingName(search, run).utf8)
    let whole = Array(SHA256.hex(identity + bytes).utf8) + bytes
    let stored =
      functions.sealer.map { sealer in
        whole.withUnsafeBytes { text in identity.withUnsafeBytes { sealer.seal(text, identity: $0) } }
      } ?? whole
    try OutputFile.write(stored, to: standingPath(search, run), what: Self.standingFile, access: .owner)
  }

  /// What was kept of a search last; nil where nothing is, or it can't be read or isn't what was kept.
  public func standing(of search: String, run: String) -> [UInt8]? {
    let path = standingPath(search, run)
    // What others can write may be theirs.
    guard let status = FileStatus(path, followsLinks: false), status.kind == .regular, status.owner == geteuid(),
      status.mode & 0o022 == 0,
      let stored = try? BoundedFile.read(path, what: Self.standingFile, limit: Self.largestStanding, hint: "")
    else { return nil }
    var whole: [UInt8]? = functions.sealer == nil ? stored : nil
    let identity = Array(standingName(search, run).utf8)
    if let sealer = functions.sealer {
      stored.withUnsafeBytes { sealed in
        identity.withUnsafeBytes { identity in
          _ = sealer.open(sealed, identity: identity) { whole = Array($0) }
        }
      }
    }
    guard let whole, whole.count >= 64 else { return nil }
    let bytes = Array(whole[64...])
    return SHA256.hex(identity + bytes).utf8.elementsEqual(whole[..<64]) ? bytes : nil
  }

  /// Notes in the audit chain that a search of a run goes on from what was kept.
  public func noteStanding(_ bytes: [UInt8], of search: String, run: String, now: Double) throws {
    let digest = functions.sealer.map { sealer in bytes.withUnsafeBytes(sealer.digest) } ?? SHA256.hex(bytes)
    try record(
      kind: "search goes on", detail: "\(run) \(standingName(search, run)) from \(digest)", now: now)
  }

  /// Removes what was kept of a search that is done.
  public func dropStanding(of search: String, run: String) {
    unlink(standingPath(search, run))
    removeUnfinished()
    // Only an empty folder goes.
    rmdir(standingFolder)
  }

  /// Removes everything that was kept of searches: texts that are purged or sealed may be in it, and nobody finds what was sealed
  /// once the ledger is not.
  func dropStandings() {
    for name in standingFiles where name.count == 32 && name.allSatisfy(\.isHexDigit) {
      unlink(standingFolder + "/" + name)
    }
    removeUnfinished()
    rmdir(standingFolder)
  }

  private var standingFiles: [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: standingFolder)) ?? []
  }

  /// Removes what a process that was killed was about to write. This process's own may be under way for another search; no
  /// other living process holds the ledger.
  private func removeUnfinished() {
    for name in standingFiles where AtomicFile.isUnfinished(name) { unlink(standingFolder + "/" + name) }
  }
}
