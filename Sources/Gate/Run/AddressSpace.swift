import CProcess
import Core

/// How much address space the process may still have.
public enum AddressSpace {
  /// Megabytes that a command takes beside its libraries: threads have stacks and heaps of their own, and one that can't be made
  /// leaves the others waiting for it.
  private static let fewest = 192

  /// Makes sure that threads can be made, before there is one.
  /// - Throws: `SluiceError` (usage).
  public static func require() throws {
    if sluice_has_address_space(UInt(fewest) << 20) != 0 { return }
    let limit = sluice_address_limit()
    let has = limit == .max ? "has too little address space" : "may have only \(limit >> 20) MB of address space"
    throw SluiceError(
      .usage, "this process \(has), and its threads need \(fewest) MB beside the libraries",
      remedy: "Raise the limit where it is set (ulimit -v unlimited).")
  }
}
