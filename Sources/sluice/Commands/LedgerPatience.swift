import ArgumentParser
import Kinds

/// How long a command waits for a ledger that is in use.
struct LedgerPatience: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Wait so long for a ledger that another run or merge holds, for example 10m.", valueName: "duration"))
  var wait: String?

  var duration: Duration? { wait.flatMap(Quantities.seconds).map { .seconds($0) } }

  func validate() throws {
    if wait != nil, duration == nil { throw ValidationError("--wait takes a duration: 90s, 10m, 1h30m.") }
  }
}
