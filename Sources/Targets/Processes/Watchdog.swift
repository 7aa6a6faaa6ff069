import Foundation

/// Ends a program's group where Sluice itself is killed and can't: a shell in the group that waits for a pipe to end.
public struct Watchdog {
  private let process: pid_t
  private let pipe: OutputPipe

  /// Nil where the system has no `/bin/sh`; the program then outlives a killed run.
  public init?(group: pid_t, grace: Duration, environment: [String: String]) {
    let script = "trap '' TERM INT HUP; read -r _; kill -TERM 0; sleep \"$1\"; kill -KILL 0"
    let nothing = open("/dev/null", O_RDWR | O_CLOEXEC)
    defer { close(nothing) }
    guard let pipe = try? OutputPipe(to: "the watchdog", blocking: true),
      let process = try? SpawnedProcess.start(
        "/bin/sh", ["sh", "-c", script, "sluice-watchdog", "\(max(1, grace.components.seconds))"],
        what: "the watchdog", environment: environment,
        streams: .init(input: pipe.reading, output: nothing, error: nothing), group: group)
    else { return nil }
    pipe.closeReading()
    self.process = process
    self.pipe = pipe
  }

  /// To be called once the group was killed.
  public func reap() {
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    pipe.closeWriting()
  }
}
