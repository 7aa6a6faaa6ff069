/// The software version, as reports and the ledger state it.
public let sluiceVersion = "0.1.0"
