import Core
import Foundation
import Synchronization
import Testing

@testable import Gate
@testable import Targets

@Suite("The model servers of a run", .timeLimit(.minutes(1)))
final class ServerSupervisionTests: Sendable {
  private let folder = URL.temporaryDirectory.appending(path: "sluice-supervision-\(UUID().uuidString)")

  init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }

  deinit { try? FileManager.default.removeItem(at: folder) }

  private func file(_ name: String) -> String { folder.appending(path: name).path }

  private func written(_ name: String) throws -> String { try String(contentsOfFile: file(name), encoding: .utf8) }

  private func lives(_ process: String) -> Bool {
    guard let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return false }
    return status.split(separator: ")").last?.split(separator: " ").first != "Z"
  }

  /// A shell script as the server, which is ready as soon as it has written its number to a file.
  private func server(_ name: String, _ script: String) throws -> ModelServer {
    let command = ["/bin/sh", "-c", #"echo $$ > "$0.new"; mv "$0.new" "$0"; "# + script, file(name)]
    return try ModelServer(
      Serving(command: command, timeout: .seconds(30)), url: Serving.usualURL, environment: ["PATH": "/usr/bin:/bin"],
      redactor: Redactor(), fingerprint: { $0 }, digest: { $0 })
  }

  /// Says that a server is ready once its file is there.
  private struct FileTransport: HTTPTransport {
    let files: [String]

    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
      HTTPResponse(status: files.allSatisfy(FileManager.default.fileExists) ? 200 : 503, body: [])
    }
  }

  private func supervision(_ servers: [RunServer], readyWhen names: [String]) -> ServerSupervision {
    ServerSupervision(
      servers: servers, folder: file("logs"), transport: FileTransport(files: names.map(file)), progress: { _ in })
  }

  private static let stays = "exec sleep 300"

  @Test("live as long as the work, whatever comes of it")
  func lifetime() async throws {
    for fails in [false, true] {
      let name = "stays-\(fails)"
      let servers = [RunServer(server: try server(name, Self.stays), roles: [.candidate])]
      let supervision = supervision(servers, readyWhen: [name])
      let seen = Mutex<String?>(nil)
      @Sendable func work() throws -> Int {
        let process = try written(name).trimmingCharacters(in: .newlines)
        #expect(lives(process))
        seen.withLock { $0 = process }
        if fails { throw SluiceError(.interrupted, "enough") }
        return 7
      }
      if fails {
        let error = await #expect(throws: SluiceError.self) { try await supervision.serving(work) }
        #expect(error?.exitCode == .interrupted)
      } else {
        #expect(try await supervision.serving(work) == 7)
      }
      #expect(!lives(try #require(seen.withLock { $0 })))
      #expect(FileManager.default.fileExists(atPath: file("logs/candidate.log")))
    }
  }

  @Test("One that ends stops the work, and is named with the models that it served; the others end with it")
  func loss() async throws {
    let servers = [
      RunServer(server: try server("first", Self.stays), roles: [.baseline]),
      RunServer(
        server: try server("second", #"while [ ! -e "$0.go" ]; do sleep 0.02; done; echo full >&2; exit 4"#),
        roles: [.candidate, .control]),
    ]
    let go = file("second.go")
    let error = await #expect(throws: SluiceError.self) {
      try await supervision(servers, readyWhen: ["first"]).serving {
        try Data().write(to: URL(filePath: go))
        try await Task.sleep(for: .seconds(50))
      }
    }
    #expect(error?.exitCode == .unavailable)
    #expect(
      error?.message
        == "sh, which serves the candidate and control models, ended with exit code 4; its last lines: full")
    #expect(!lives(try written("first").trimmingCharacters(in: .newlines)))
  }

  @Test("A target that is lost because its server is ending is told as that")
  func lostTarget() async throws {
    let servers = [RunServer(server: try server("only", "sleep 0.2; exit 5"), roles: [.candidate])]
    var supervision = supervision(servers, readyWhen: ["only"])
    // On a busy machine the end may take longer than the usual looks.
    supervision.clock = RetryClock(
      now: RetryClock.continuous.now, sleep: { _ in try await Task.sleep(for: .milliseconds(500)) })
    let patient = supervision
    let error = await #expect(throws: SluiceError.self) {
      try await patient.serving {
        throw SluiceError(.unavailable, "the candidate target is unavailable")
      }
    }
    #expect(error?.message.contains("ended with exit code 5") == true, "\(String(describing: error))")
  }

  @Test("What can't start leaves those that did not running")
  func failedStart() async throws {
    let servers = [
      RunServer(server: try server("good", Self.stays), roles: [.candidate]),
      RunServer(server: try server("bad", "exit 9"), roles: [.baseline]),
    ]
    // The second is never ready: its file is awaited under another name.
    let error = await #expect(throws: SluiceError.self) {
      try await ServerSupervision(
        servers: servers, folder: nil, transport: ReadyOnce(file: file("good")), progress: { _ in }
      ).serving { Issue.record("the work began") }
    }
    #expect(error?.message.contains("which serves the baseline model, ended with exit code 9") == true)
    #expect(!lives(try written("good").trimmingCharacters(in: .newlines)))
  }

  /// Says that the first server is ready once its file is there, and that no other one is.
  private final class ReadyOnce: HTTPTransport {
    private let file: String
    private let wasReady = Mutex(false)

    init(file: String) { self.file = file }

    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
      let isReady = wasReady.withLock { wasReady in
        if wasReady || !FileManager.default.fileExists(atPath: file) { return false }
        wasReady = true
        return true
      }
      return HTTPResponse(status: isReady ? 200 : 503, body: [])
    }
  }
}
