import Foundation

/// A program of the tests that lies beside the tests' own.
public enum ProgramForTests {
  public struct Missing: Error, CustomStringConvertible {
    public let description: String
  }

  /// - Parameter name: of the executable target, for example `model-server`.
  /// - Returns: the program's path.
  /// - Throws: `Missing`, or Foundation's error where the system doesn't tell which program runs.
  public static func path(_ name: String) throws -> String {
    let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let path = URL(filePath: tests).deletingLastPathComponent().appending(path: name).path
    guard FileManager.default.isExecutableFile(atPath: path) else {
      throw Missing(description: "no \(path); build it with the tests: swift build --build-tests")
    }
    return path
  }
}
