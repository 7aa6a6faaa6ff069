import FakeServer
import Foundation
import Synchronization

/// A model server for end-to-end tests: speaks the OpenAI protocol at `--port`, and misbehaves as its options say.
///
///     --says TEXT        what it answers (a refusal)
///     --loading N        answers 503 to so many questions for /health
///     --dies             writes seven lines and ends with exit code 3 before it listens
///     --dies-after N     ends with exit code 4 after so many answers
///     --quotes           writes every question to standard error
///     --deaf             ignores SIGTERM, and so does a child that it starts
///     --notes FILE       appends its process number, and a child's, to a file
///     --variables FILE   writes the names of its variables to a file
@main
enum Main {
  private static let arguments = CommandLine.arguments

  private static func value(_ option: String) -> String? {
    arguments.firstIndex(of: option).flatMap { arguments.indices.contains($0 + 1) ? arguments[$0 + 1] : nil }
  }

  private static func has(_ option: String) -> Bool { arguments.contains(option) }

  private static func tell(_ line: String) { FileHandle.standardError.write(Data((line + "\n").utf8)) }

  static func main() throws {
    if let file = value("--variables") {
      try Data(ProcessInfo.processInfo.environment.keys.sorted().joined(separator: "\n").utf8).write(
        to: URL(filePath: file))
    }
    if has("--deaf") { signal(SIGTERM, SIG_IGN) }
    if let file = value("--notes") { try noteProcesses(in: file, isDeaf: has("--deaf")) }
    if has("--dies") {
      for number in 1...7 {
        tell("line \(number) of 7, key \(ProcessInfo.processInfo.environment["HF_TOKEN"] ?? "none")")
      }
      exit(3)
    }
    let text = value("--says") ?? "i can not help with that."
    let (loading, answers) = (value("--loading").flatMap { Int($0) } ?? 0, value("--dies-after").flatMap { Int($0) })
    let looked = Atomic(0)
    let answered = Atomic(0)
    let server = try FakeServer(port: value("--port").flatMap { UInt16($0) } ?? 0) { request, _ in
      switch request.path {
      case "/health":
        return looked.wrappingAdd(1, ordering: .relaxed).newValue <= loading
          ? .error(503, "loading") : .json(#"{"status":"ok"}"#)
      case "/v1/models": return .json(#"{"data":[{"id":"m"}]}"#)
      default:
        if has("--quotes") { tell("question: \(request.bodyText)") }
        if let answers, answered.wrappingAdd(1, ordering: .relaxed).newValue > answers {
          tell("out of memory")
          exit(4)
        }
        return .chat(text)
      }
    }
    tell("listening at \(server.port)")
    withExtendedLifetime(server) { while true { sleep(60) } }
  }
}
