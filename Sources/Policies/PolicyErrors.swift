import Core

/// Everything that is wrong with a policy or a suite file, in the order of the file.
public struct PolicyErrors: Error, Hashable, Sendable, CustomStringConvertible {
  /// Never empty.
  public let errors: [SluiceError]

  /// Takes at least one error.
  public init(_ errors: [SluiceError]) { self.errors = errors }

  /// The process exit code that they mean.
  public var exitCode: ExitCode { errors.first?.exitCode ?? .usage }

  /// One error after the other, each with its place and its remedy.
  public var description: String { errors.map(\.description).joined(separator: "\n") }
}
