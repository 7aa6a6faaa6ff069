import Foundation

/// Starts a child that lives until it is ended, and appends the numbers of this process and of the child to a file.
/// - Parameter isDeaf: whether the child ignores SIGTERM.
public func noteProcesses(in file: String, isDeaf: Bool) throws {
  // Foundation's `Process` would give it a process group of its own.
  var child: pid_t = 0
  let script = (isDeaf ? "trap '' TERM; " : "") + "while :; do sleep 1; done"
  let words = ["sh", "-c", script]
  var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
  defer { for argument in arguments { free(argument) } }
  guard posix_spawn(&child, "/bin/sh", nil, nil, &arguments, environ) == 0 else {
    throw CocoaError(.featureUnsupported)
  }
  let line = "\(getpid())\n\(child)\n"
  if !FileManager.default.fileExists(atPath: file) { try Data().write(to: URL(filePath: file)) }
  let handle = try FileHandle(forWritingTo: URL(filePath: file))
  try handle.seekToEnd()
  try handle.write(contentsOf: Data(line.utf8))
}
