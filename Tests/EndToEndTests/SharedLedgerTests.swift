import Core
import FakeServer
import Foundation
import Testing

@Suite("A ledger is shared, moved and hurt")
struct SharedLedgerTests {
  private func policy(_ url: String) -> TinyPolicy {
    var policy = TinyPolicy()
    policy.candidate = TinyPolicy.server(url)
    policy.baseline = nil
    policy.suite = "{seeds: seeds.jsonl, responses: 1, early_stop: off}"
    policy.checks = ["{metric: replay.asr, at_most: 0.9}"]
    return policy
  }

  private static let answer: FakeServer.Answer = { request, _ in
    request.method == "POST" ? .chat("i can not help with that.") : .error(404)
  }

  @Test("A run that waits for the ledger says so, and begins when the other has ended")
  func waits() async throws {
    try await FakeServer.run(answering: { request, index in
      index < 3 ? Self.answer(request, index) : .after(seconds: 0.3, Self.answer(request, index))
    }) { server in
      let place = try Workspace.tiny(policy(server.url))
      let first = try place.start("run", "policy.yaml")
      try await first.waitUntilErrors(say: "replay: started", atMost: 60)
      let impatient = try await place.run("run", "policy.yaml", "--wait", "500ms", atMost: 30)
      #expect(impatient.code == 75 && impatient.errors.contains("in use by another run"), "\(impatient.errors)")
      let second = try place.start("run", "policy.yaml", "--wait", "2m")
      try await second.waitUntilErrors(say: "waiting for up to 120 s", atMost: 30)
      first.send(SIGKILL)
      _ = try await first.outcome(atMost: 30)
      let outcome = try await second.outcome(atMost: 60)
      #expect(outcome.code == 0 && outcome.errors.contains("waiting for up to 120 s"), "\(outcome.errors)")
    }
  }

  @Test("A second run that is refused leaves the reports of the first alone")
  func refused() async throws {
    try await FakeServer.run(answering: Self.answer) { server in
      let place = try Workspace.tiny(policy(server.url))
      #expect(try await place.run("run", "policy.yaml").code == 0)
      let before = try place.read("out/report.json")
      let outcome = try await place.run("run", "policy.yaml", "--resume")
      #expect(outcome.code == 64 && outcome.errors.contains("nothing to resume"), "\(outcome.errors)")
      #expect(try place.read("out/report.json") == before)
    }
  }

  @Test("Flipped bits anywhere in a ledger are told as damage or change nothing, and never as a bug")
  func damage() async throws {
    try await FakeServer.run(answering: Self.answer) { server in
      let place = try Workspace.tiny(policy(server.url))
      #expect(try await place.run("run", "policy.yaml").code == 0)
      let whole = try [UInt8](place.read("evidence/ledger.sqlite"))
      let report = try await place.run("report", "last", "--ledger", "evidence/ledger.sqlite", "--json").output
      var random = SeededGenerator(seed: 19, stream: "damage")
      var told = 0
      for round in 0..<16 {
        var bytes = whole
        // Used bytes: of the header and the schema, of the tables' pages.
        for _ in 0..<(round < 4 ? 1 : 8) {
          let limit = round < 4 ? 100 : bytes.count
          var index = Int.random(in: 0..<limit, using: &random)
          while bytes[index] == 0 { index = (index + 1) % limit }
          bytes[index] ^= UInt8(1 << Int.random(in: 0..<8, using: &random))
        }
        try place.write(bytes, to: "evidence/ledger.sqlite")
        for command in [
          ["report", "last", "--json", "--ledger"], ["history", "--ledger"], ["ledger", "show"],
          ["suite", "list", "--ledger"],
        ] {
          let outcome = try await Binary.run(command + ["evidence/ledger.sqlite"], in: place.folder)
          #expect(
            !outcome.wasKilled && [0, 64].contains(outcome.code),
            "\(round) \(command): \(outcome.code) \(outcome.errors)")
          if outcome.code == 64 { told += 1 }
          if command[0] == "report", outcome.code == 0 { #expect(outcome.output == report, "\(round)") }
        }
        let run = try await place.run("run", "policy.yaml", atMost: 60)
        #expect(!run.wasKilled && [0, 2, 64].contains(run.code), "\(round): \(run.code) \(run.errors)")
        for name in ["-wal", "-shm", ".lock"] {
          try? FileManager.default.removeItem(at: place.folder.appendingPathComponent("evidence/ledger.sqlite" + name))
        }
      }
      #expect(told > 10)
    }
  }

  /// Whether this machine lets a test make a mount of its own.
  private static let mayMount: Bool = {
    let unshare = Process()
    unshare.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    unshare.arguments = ["unshare", "-rm", "true"]
    unshare.standardError = FileHandle.nullDevice
    guard (try? unshare.run()) != nil else { return false }
    unshare.waitUntilExit()
    return unshare.terminationStatus == 0
  }()

  @Test("A ledger on media that can't be written can be read, its write-ahead log included", .enabled(if: mayMount))
  func readOnlyMedia() async throws {
    try await FakeServer.run(answering: Self.answer) { server in
      let place = try Workspace.tiny(policy(server.url))
      #expect(try await place.run("run", "policy.yaml").code == 0)
      for hasLog in [false, true] {
        if hasLog {
          // Killed in the middle, a run leaves its log behind.
          let running = try place.start("run", "policy.yaml")
          try await running.waitUntilErrors(say: "replay: started", atMost: 60)
          running.send(SIGKILL)
          _ = try await running.outcome(atMost: 30)
          #expect(place.exists("evidence/ledger.sqlite-wal"))
          try FileManager.default.removeItem(at: place.folder.appendingPathComponent("evidence/ledger.sqlite-shm"))
        }
        for command in ["report last --ledger", "history --ledger", "ledger show", "suite list --ledger"] {
          let shell = Process()
          shell.executableURL = URL(fileURLWithPath: "/usr/bin/env")
          let words =
            "mount --bind evidence evidence && mount -o remount,ro,bind evidence && ! touch evidence/x 2>/dev/null"
          shell.arguments = [
            "unshare", "-rm", "sh", "-c", "\(words) && exec \"$0\" \(command) evidence/ledger.sqlite",
            try Binary.path(),
          ]
          shell.currentDirectoryURL = place.folder
          let output = Pipe()
          shell.standardOutput = output
          shell.standardError = output
          try shell.run()
          let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
          shell.waitUntilExit()
          #expect(shell.terminationStatus == 0, "\(command): \(text)")
          if hasLog, command == "ledger show" { #expect(text.contains("runs: 2"), "\(text)") }
        }
      }
    }
  }
}
