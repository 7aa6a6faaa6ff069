import CProcessor

/// Gives back to the system what reading a file took from the heap for a moment: tokens as strings, tables half built.
///
/// The heap would keep it for as long as something behind it lives.
public func giveBackFreedMemory() { sluice_trim_heap() }
