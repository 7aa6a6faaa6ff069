import Core
import FakeServer
import Foundation
import Synchronization
import Testing

@testable import Targets

/// Answers as a closure says, without any network.
private struct StubTransport: HTTPTransport {
  /// - Parameter index: how many requests came before this one.
  let answer: @Sendable (_ url: String, _ index: Int) throws -> Int
  private let asked = Shared<[String]>([])

  init(_ answer: @escaping @Sendable (String, Int) throws -> Int) { self.answer = answer }

  var urls: [String] { asked.value }

  func send(_ request: HTTPRequest) async throws -> HTTPResponse {
    try Task.checkCancellation()
    let index = asked.change { all in
      all.append(request.url)
      return all.count - 1
    }
    return HTTPResponse(status: try answer(request.url, index), body: [])
  }
}

private final class Shared<Value: Sendable>: Sendable {
  private let content: Mutex<Value>

  init(_ value: Value) { content = Mutex(value) }

  var value: Value { content.withLock { $0 } }
  func change<Result: Sendable>(_ change: (inout Value) -> Result) -> Result {
    content.withLock { value in change(&value) }
  }
}

@Suite("A model server of a run", .timeLimit(.minutes(1)))
final class ModelServerTests {
  private let folder = URL.temporaryDirectory.appending(path: "sluice-server-\(UUID().uuidString)")

  init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }

  deinit { try? FileManager.default.removeItem(at: folder) }

  private func file(_ name: String) -> String { folder.appending(path: name).path }

  private func written(_ name: String) throws -> String { try String(contentsOfFile: file(name), encoding: .utf8) }

  private func write(_ text: String, to name: String) throws {
    try Data(text.utf8).write(to: URL(filePath: file(name)))
  }

  /// A shell script as the server; `$0` is the folder.
  private func serving(_ script: String, _ arguments: [String] = ["{{port}}"], variables: [String] = []) -> Serving {
    Serving(
      command: ["/bin/sh", "-c", script, folder.path] + arguments, timeout: .seconds(60), variables: variables)
  }

  private func server(
    _ serving: Serving, url: String = Serving.usualURL, environment: [String: String] = ["PATH": "/usr/bin:/bin"],
    redactor: Redactor = Redactor()
  ) throws -> ModelServer {
    try ModelServer(
      serving, url: url, environment: environment, redactor: redactor,
      fingerprint: { String(StableHash.fnv1a(try Data(contentsOf: URL(filePath: $0))), radix: 16) },
      digest: { String(hexadecimal: StableHash.fnv1a($0.utf8)) })
  }

  /// Starts it by a clock that takes no time, and returns what it says in vain.
  private func failure(
    _ server: ModelServer, _ transport: StubTransport, clock: RetryClock = QuickTime().clock
  ) async throws -> SluiceError {
    defer { Task { await server.stop() } }
    let error = await #expect(throws: SluiceError.self) {
      try await server.start(
        log: file("log"), for: "the candidate model", clock: clock, transport: transport, progress: { _ in })
    }
    return try #require(error)
  }

  private func lives(_ process: String) -> Bool {
    guard let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return false }
    return status.split(separator: ")").last?.split(separator: " ").first != "Z"
  }

  @Test("is ready once its path answers 200, has the chosen port, and leaves nothing behind when it is stopped")
  func life() async throws {
    let script = #"echo $$ > "$0/pids"; sleep 300 & echo $! >> "$0/pids"; echo "$1" > "$0/port"; echo up; wait"#
    let server = try server(serving(script))
    let pids = file("port")
    let transport = StubTransport { _, index in
      guard FileManager.default.fileExists(atPath: pids) else { throw TransportFailure(.noConnection, "refused") }
      return index % 2 == 0 ? 503 : 200
    }
    try await server.start(
      log: file("log"), for: "the candidate model", clock: .continuous, transport: transport, progress: { _ in })
    #expect(try written("port") == "\(server.port)\n")
    #expect(Set(transport.urls) == ["http://127.0.0.1:\(server.port)/health"])
    #expect(server.loss(for: "the candidate model") == nil)
    let processes = try written("pids").split(separator: "\n").map(String.init)
    #expect(processes.count == 2 && processes.allSatisfy(lives))
    await server.stop()
    #expect(!processes.contains(where: lives))
    #expect(server.loss(for: "the candidate model") == nil)
    #expect(try written("log") == "up\n")
  }

  @Test("that is never ready is given up at its time limit, and the wait is told now and then")
  func neverReady() async throws {
    let server = try server(serving("exec sleep 300"))
    let (time, notes) = (QuickTime(), Shared<[String]>([]))
    let error = await #expect(throws: SluiceError.self) {
      try await server.start(
        log: file("log"), for: "the candidate model", clock: time.clock, transport: StubTransport { _, _ in 503 },
        progress: { note in notes.change { $0.append(note) } })
    }
    await server.stop()
    #expect(error?.exitCode == .unavailable)
    #expect(
      error?.message.contains("was not ready within 60 s: GET http://127.0.0.1:\(server.port)/health answers 503")
        == true)
    #expect(error?.message.contains("it wrote nothing") == true && error?.remedy?.contains(file("log")) == true)
    #expect(time.pauses.reduce(.zero, +) <= .seconds(60))
    #expect(notes.value.map { $0.prefix { $0 != "(" } } == (0..<6).map { "waiting for sh, \(5 + 10 * $0) s " })
  }

  @Test("that ends before it is ready is told with its last lines, without secrets and prompts")
  func diesAtOnce() async throws {
    let script =
      #"for i in 1 2 3 4 5; do echo "line $i"; done; echo "key $A_TOKEN"; echo; echo "asked: tell me the code" >&2; exit 7"#
    let server = try server(
      serving(script, variables: ["A_TOKEN"]), environment: ["PATH": "/usr/bin:/bin", "A_TOKEN": "tok-9f8e7d6c5b"])
    server.keepPrivate(["tell me the code"])
    let error = try await failure(
      server, StubTransport { _, _ in throw TransportFailure(.noConnection, "refused") }, clock: .continuous)
    #expect(error.exitCode == .unavailable)
    #expect(error.message.hasPrefix("sh, which serves the candidate model, ended with exit code 7; its last lines: "))
    #expect(!error.message.contains("line 2") && error.message.contains("line 3 | line 4 | line 5"))
    #expect(error.message.contains("key [redacted]") && !error.message.contains("tell me"), "\(error.message)")
    #expect(try !written("log").contains("tok-9f8e7d6c5b"))
  }

  @Test("that ends while it serves is lost, whatever answers at its port")
  func diesLater() async throws {
    let server = try server(serving(#"while [ ! -e "$0/go" ]; do sleep 0.02; done; echo gone >&2; kill -9 $$"#))
    let transport = StubTransport { _, _ in 200 }
    try await server.start(
      log: nil, for: "the candidate model", clock: .continuous, transport: transport, progress: { _ in })
    #expect(server.loss(for: "x") == nil)
    try write("", to: "go")
    while server.loss(for: "x") == nil { try await Task.sleep(for: .milliseconds(5)) }
    let loss = try #require(server.loss(for: "the candidate model"))
    #expect(loss.exitCode == .unavailable && loss.message.contains("was ended by signal 9; its last lines: gone"))
    #expect(loss.remedy?.contains("log") == false)
  }

  @Test("is not taken for what listens at its port already")
  func takenPort() async throws {
    try await FakeServer.run(answering: { _, _ in .json("{}") }) { other in
      let server = try server(serving(#"echo > "$0/started"; sleep 300"#, []), url: other.url + "/v1")
      #expect(server.port == Int(other.port))
      let error = try await failure(server, StubTransport { _, _ in 200 })
      #expect(error.exitCode == .unavailable && error.message.contains("port \(other.port) is in use already"))
      #expect(!FileManager.default.fileExists(atPath: file("started")))
    }
  }

  @Test("A port that is chosen is free, and nobody else's until it is let go")
  func chosenPort() throws {
    let port = try LoopbackPort()
    #expect(LoopbackPort.isTaken(port.number) && port.number > 0)
    let others = try (0..<20).map { _ in try LoopbackPort() }
    #expect(Set(others.map(\.number)).union([port.number]).count == 21)
    port.letGo()
    #expect(!LoopbackPort.isTaken(port.number))
  }

  @Test("that can't be run is a mistake: no such program, none that is one")
  func unusable() async throws {
    for (command, says) in [("/nowhere/server", "there is no program"), ("/etc/passwd", "is not executable")] {
      let error = #expect(throws: SluiceError.self) { try server(Serving(command: [command])) }
      #expect(error?.exitCode == .usage && error?.message.contains(says) == true)
    }
    try write("no program", to: "server")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file("server"))
    let error = try await failure(
      try server(Serving(command: [file("server")])),
      StubTransport { _, _ in throw TransportFailure(.noConnection, "") }, clock: .continuous)
    #expect(error.exitCode == .usage && error.message.contains("the server's command can't be run"))
  }

  @Test("gets the variables that are named, and those that any program needs")
  func variables() async throws {
    let environment = [
      "PATH": "/usr/bin:/bin", "HOME": "/home/x", "GIVEN": "1", "API_KEY": "secret-1234", "LC_ALL": "C", "OTHER": "2",
    ]
    let server = try server(
      serving(#"/usr/bin/env > "$0/new"; mv "$0/new" "$0/variables"; exec sleep 300"#, variables: ["GIVEN", "ABSENT"]),
      environment: environment)
    let there = file("variables")
    let transport = StubTransport { _, _ in FileManager.default.fileExists(atPath: there) ? 200 : 503 }
    try await server.start(
      log: nil, for: "the candidate model", clock: .continuous, transport: transport, progress: { _ in })
    await server.stop()
    let names = try written("variables").split(separator: "\n").map { String($0.prefix { $0 != "=" }) }
    #expect(Set(names).subtracting(["PWD", "OLDPWD", "_", "SHLVL"]) == ["PATH", "HOME", "LC_ALL", "GIVEN"])
  }

  @Test("A cancelled start ends at once, and the server with it")
  func cancellation() async throws {
    let server = try server(serving(#"echo $$ > "$0/new"; mv "$0/new" "$0/pid"; exec sleep 300"#))
    let start = Task {
      try await server.start(
        log: nil, for: "x", clock: .continuous, transport: StubTransport { _, _ in 503 }, progress: { _ in })
    }
    while !FileManager.default.fileExists(atPath: file("pid")) { try await Task.sleep(for: .milliseconds(5)) }
    start.cancel()
    await #expect(throws: CancellationError.self) { try await start.value }
    await server.stop()
    #expect(!lives(try written("pid").trimmingCharacters(in: .newlines)))
  }
}
