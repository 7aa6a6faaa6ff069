import FakeServer
import Foundation

/// `openssl s_server` with a fresh self-signed certificate for `localhost`.
struct TLSServer {
  struct Unavailable: Error {
    let reason: String
  }

  let port: UInt16
  /// The certificate's file.
  let certificate: String
  /// The file of its key.
  let key: String
  private let folder: URL
  private let process = Process()

  /// - Parameter verifiesClients: whether it speaks to those alone that show its own certificate.
  init(verifiesClients: Bool = false) throws {
    folder = URL.temporaryDirectory.appending(path: "sluice-tls-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    certificate = folder.appending(path: "certificate.pem").path
    key = folder.appending(path: "key.pem").path
    port = try FakeServer.deadPort()
    let maker = Process()
    try TLSServer.launch(
      maker,
      [
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
        "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate,
      ])
    guard TLSServer.ends(maker), maker.terminationStatus == 0 else { throw Unavailable(reason: "openssl req failed") }
    try TLSServer.launch(
      process,
      ["s_server", "-accept", "\(port)", "-cert", certificate, "-key", key, "-www", "-quiet"]
        + (verifiesClients ? ["-Verify", "1", "-verify_return_error", "-CAfile", certificate] : []))
    try waitUntilItListens()
  }

  func stop() {
    kill(process.processIdentifier, SIGKILL)
    try? FileManager.default.removeItem(at: folder)
  }

  /// Whether the process ends within ten seconds. `Process.waitUntilExit` needs a run loop that a test's thread lacks.
  private static func ends(_ process: Process) -> Bool {
    for _ in 0..<500 {
      if !process.isRunning { return true }
      Thread.sleep(forTimeInterval: 0.02)
    }
    return false
  }

  private func waitUntilItListens() throws {
    for _ in 0..<200 {
      guard process.isRunning else { throw Unavailable(reason: "openssl s_server ended") }
      if FakeServer.listens(on: port) { return }
      Thread.sleep(forTimeInterval: 0.02)
    }
    throw Unavailable(reason: "openssl s_server doesn't listen")
  }

  private static func launch(_ process: Process, _ arguments: [String]) throws {
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["openssl"] + arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
  }
}
