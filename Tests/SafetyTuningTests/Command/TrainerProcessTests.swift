import Core
import Foundation
import SafetyTuning
import Testing

@Suite("A trainer as a process", .timeLimit(.minutes(1)), .serialized)
struct TrainerProcessTests {
  /// Waits until `file` holds a process number on each of `count` lines.
  private func processes(_ count: Int, _ bench: Workbench) async throws -> [pid_t] {
    var found: [pid_t] = []
    let came = await eventually {
      found = ((try? bench.text("pids")) ?? "").split(separator: "\n").compactMap { pid_t($0) }
      return found.count == count
    }
    #expect(came)
    return found
  }

  /// Whether the process runs; a zombie doesn't.
  private func runs(_ process: pid_t) -> Bool {
    guard let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return false }
    return status.split(separator: ")").last?.split(separator: " ").first != "Z"
  }

  private func zombies() throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { pid_t($0) }.count { process in
      guard let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return false }
      let fields = status.split(separator: ")").last?.split(separator: " ") ?? []
      return fields.count > 1 && fields[0] == "Z" && pid_t(fields[1]) == getpid()
    }
  }

  private static let family = """
    trap '' TERM
    echo $$ >> "$1/pids"
    sh -c 'trap "" TERM; echo $$ >> "$1/pids"; sleep 300 & echo $! >> "$1/pids"; wait' x "$1" &
    sh -c 'echo $$ >> "$1/pids"; exec sleep 300 >/dev/null 2>&1' x "$1" &
    while :; do sleep 1; done
    """

  @Test("one that hangs and doesn't want to go is ended with all that it started, soon after its time limit")
  func hangs() async throws {
    let bench = try Workbench()
    let tuner = try shell(Self.family, [bench.folder]) {
      $0.timeLimit = .milliseconds(1500)
      $0.grace = .milliseconds(500)
    }
    let start = ContinuousClock.now
    let failure = await #expect(throws: TuningFailure.self) {
      try await tuner.tune(bench.job, progress: bench.progress)
    }
    #expect(failure?.cause == .timedOut)
    #expect(ContinuousClock.now - start < .seconds(4))
    let family = try await processes(4, bench)
    #expect(await eventually(within: .seconds(2)) { !family.contains(where: runs) })
    #expect(try zombies() == 0)
  }

  @Test("an interruption ends it with all that it started")
  func interruption() async throws {
    let bench = try Workbench()
    let tuner = try shell(Self.family, [bench.folder]) { $0.grace = .milliseconds(500) }
    let work = Task { try await tuner.tune(bench.job, progress: bench.progress) }
    let family = try await processes(4, bench)
    let start = ContinuousClock.now
    work.cancel()
    await #expect(throws: CancellationError.self) { try await work.value }
    #expect(ContinuousClock.now - start < .seconds(3))
    #expect(await eventually(within: .seconds(2)) { !family.contains(where: runs) })
    #expect(try zombies() == 0)
    #expect(!bench.has("result.json"))
  }

  @Test("one that is asked to end may tidy up first")
  func tidies() async throws {
    let bench = try Workbench()
    let tuner = try shell(
      "trap 'echo saved > \"$1/saved\"; exit 0' TERM; echo $$ > \"$1/pids\"; sleep 300 & wait",
      [
        bench.folder
      ]
    ) { $0.grace = .seconds(5) }
    let work = Task { try await tuner.tune(bench.job, progress: bench.progress) }
    _ = try await processes(1, bench)
    let start = ContinuousClock.now
    work.cancel()
    await #expect(throws: CancellationError.self) { try await work.value }
    // Its sleep dies of the same signal, so nobody has to wait for the grace to be over.
    #expect(ContinuousClock.now - start < .seconds(3))
    #expect(try bench.text("saved") == "saved\n")
  }

  @Test("a signal that Sluice ignores is not ignored by its trainer")
  func inheritedSignals() async throws {
    // In a process of its own: signals belong to all tests of this one.
    await #expect(processExitsWith: .success) {
      signal(SIGTERM, SIG_IGN)
      signal(SIGINT, SIG_IGN)
      let bench = try Workbench()
      for name in ["INT", "TERM"] {
        let failure = await #expect(throws: TuningFailure.self) {
          try await shell("kill -\(name) $$; echo deaf").tune(bench.job, progress: bench.progress)
        }
        #expect(failure?.message.contains("signal") == true)
      }
    }
  }

  @Test("where Sluice itself is killed, the trainer and all that it started are ended, and the folder is free again")
  func killedRun() async throws {
    let bench = try Workbench()
    await #expect(processExitsWith: .signal(SIGKILL)) { [folder = bench.folder as String] in
      let data = TuningData([TuningExample(.refusal, prompt: "p", response: "no")])
      let job = TuningJob(variant: "v", data: data, folder: folder, seed: 1)
      let tuner = try shell(Self.family, [folder])
      Task { _ = try await tuner.tune(job) { _ in } }
      while ((try? String(contentsOfFile: folder + "/pids", encoding: .utf8)) ?? "").split(separator: "\n").count < 4 {
        try await Task.sleep(for: .milliseconds(10))
      }
      kill(getpid(), SIGKILL)
    }
    let family = try await processes(4, bench)
    #expect(try await shell("echo m").tune(bench.job, progress: bench.progress) == .served("m"))
    #expect(await eventually(within: .seconds(3)) { !family.contains(where: runs) })
  }

  @Test("what a trainer leaves behind when it ends is ended, and its result stands")
  func leftBehind() async throws {
    let bench = try Workbench()
    let tuner = try shell(
      "sleep 300 & echo $! > \"$1/pids\"; trap '' TERM; sleep 300 & echo $! >> \"$1/pids\"; echo m",
      [
        bench.folder
      ]
    ) { $0.grace = .milliseconds(300) }
    let start = ContinuousClock.now
    #expect(try await tuner.tune(bench.job, progress: bench.progress) == .served("m"))
    #expect(ContinuousClock.now - start < .seconds(3))
    let family = try await processes(2, bench)
    #expect(await eventually(within: .seconds(2)) { !family.contains(where: runs) })
  }

  @Test("it gets an empty standard input, its own process group, and none of our files")
  func surroundings() async throws {
    let bench = try Workbench()
    let open = open("/dev/null", O_RDONLY)
    defer { close(open) }
    let script = """
      cat > "$1/input"; ls /proc/self/fd | wc -l > "$1/files"
      ps -o pgid= -p $$ > "$1/group"; echo $$ > "$1/pids"; echo m
      """
    _ = try await shell(script, [bench.folder]).tune(bench.job, progress: bench.progress)
    #expect(try bench.bytes("input").isEmpty)
    // The three streams, and the folder that `ls` reads.
    #expect(try bench.text("files").trimmingCharacters(in: .whitespacesAndNewlines) == "4")
    let group = try bench.text("group").trimmingCharacters(in: .whitespacesAndNewlines)
    #expect(group == (try bench.text("pids")).trimmingCharacters(in: .whitespacesAndNewlines))
  }

  @Test("it gets its streams even where Sluice itself has none")
  func noStreams() async throws {
    // In a process of its own: the streams are all tests'.
    await #expect(processExitsWith: .exitCode(7)) {
      let bench = try Workbench()
      for stream in 0..<3 as Range<Int32> { close(stream) }
      let result = try await shell("cat; echo oops >&2; echo m").tune(bench.job, progress: bench.progress)
      let log = try bench.text("tuner.log")
      exit(result == .served("m") && log.contains("oops") ? 7 : 8)
    }
  }

  @Test("many of them leave no descriptor and no zombie")
  func leaks() async throws {
    func descriptors() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count }
    let bench = try Workbench()
    _ = try? await shell("exit 1").tune(bench.job, progress: bench.progress)
    let before = try descriptors()
    for _ in 0..<8 {
      _ = try? await shell("exit 1").tune(bench.job, progress: bench.progress)
      _ = try? await shell("sleep 9") { $0.timeLimit = .milliseconds(1) }.tune(bench.job, progress: bench.progress)
    }
    // Other tests of this process open and close some of their own.
    #expect(await eventually(within: .seconds(5)) { (try? descriptors()).map { $0 <= before + 2 } ?? false })
    #expect(try zombies() == 0)
  }

  @Test("a log keeps the beginning and the end of endless output, and the last line is still found")
  func hugeOutput() async throws {
    let bench = try Workbench()
    let tuner = try shell(
      "echo first; head -c 20000000 /dev/zero | tr '\\0' y; echo; printf '\\377\\376'; echo; echo m"
    ) { $0.logBytes = 1 << 20 }
    #expect(try await tuner.tune(bench.job, progress: bench.progress) == .served("m"))
    let log = try bench.bytes("tuner.log")
    #expect(log.starts(with: "first\nyyy".utf8))
    #expect(log.suffix(5) == [255, 254, 10, 109, 10])
    #expect(log.count > 1 << 20 && log.count < (1 << 20) + 100)
    #expect(log.firstRange(of: "bytes left out".utf8) != nil)
  }

  @Test("a folder where a trainer is still at work is left alone")
  func secondTrainer() async throws {
    let bench = try Workbench()
    let first = Task { try await shell("sleep 20").tune(bench.job, progress: bench.progress) }
    #expect(await eventually { bench.notes.contains { $0.contains("started") } })
    let second = Task {
      try await shell("echo m") { $0.grace = .seconds(-5) }.tune(bench.job, progress: bench.progress)
    }
    let error = await #expect(throws: SluiceError.self) { try await second.value }
    #expect(error?.exitCode == .interrupted)
    #expect(error?.message.contains("another trainer") == true)
    first.cancel()
    await #expect(throws: CancellationError.self) { try await first.value }
    #expect(try await shell("echo m").tune(bench.job, progress: bench.progress) == .served("m"))
  }
}
