extension Pipeline {
  /// Removes the reports of an earlier run where a command line that was to write new ones can't be understood, or the
  /// command fails before its policy is read.
  ///
  /// Nobody can tell to which option a word belongs where one is misspelt: each that is the path of a policy, or of a shard's ledger,
  /// is taken for what was meant.
  /// - Parameter arguments: of the command, without its name.
  public static func removeReports(meantBy arguments: [String]) {
    var (overrides, words) = ([String](), [String]())
    var isOverride = false
    for argument in arguments {
      if isOverride {
        overrides.append(argument)
      } else if argument.hasPrefix("--set=") {
        overrides.append(String(argument.dropFirst("--set=".count)))
      } else if !argument.hasPrefix("-") {
        words.append(argument)
      }
      isOverride = !isOverride && argument == "--set"
    }
    let isPart = arguments.contains { $0 == "--stages" || $0.hasPrefix("--stages=") }
    for word in words {
      StaleReports.remove(ofPolicy: word, overrides: overrides, isPart: isPart)
      StaleReports.remove(ofShard: word, overrides: overrides)
    }
  }
}
