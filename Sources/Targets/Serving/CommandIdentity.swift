import Core

/// What tells a program that is started from all others: the digests of the program and of the files that its arguments name,
/// its other arguments, and the variables that it is given by name.
package struct CommandIdentity {
  private let command: [String]
  private let executable: String
  private let variables: [String]
  private let given: [String: String]

  /// - Parameters:
  ///   - command: the program and its arguments.
  ///   - executable: path of the program.
  ///   - variables: names of those that the policy passes on.
  ///   - given: all that it gets, with their values.
  package init(_ command: [String], executable: String, variables: [String], given: [String: String]) {
    self.command = command
    self.executable = executable
    self.variables = variables
    self.given = given
  }

  private var secret: [String: String] { given.filter { WebAddress.namesSecret($0.key) } }

  /// Values of the variables that are secret.
  package var secrets: [String] { secret.map(\.value) }

  /// - Parameters:
  ///   - redactor: takes secrets out of arguments.
  ///   - fingerprint: a file's or a checkpoint folder's digest.
  /// - Throws: what `fingerprint` throws.
  package func parts(_ redactor: Redactor, fingerprint: (String) throws -> String) throws -> JSON {
    let named = given.filter { variables.contains($0.key) && secret[$0.key] == nil }
    return JSON.array([
      .string(try fingerprint(executable)),
      .strings(
        try command.dropFirst().map { argument in
          guard let path = Serving.input(argument) else { return redactor.hashed(argument) }
          return "\(argument.dropLast(path.count))\(try fingerprint(path))"
        }),
      .strings(variables.sorted()), .strings(named.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }),
    ])
  }
}
