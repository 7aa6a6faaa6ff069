import Core
import Foundation
import SafetyTuning
import Testing

@Suite("Tuning by a command", .timeLimit(.minutes(1)))
struct CommandTunerTests {
  @Test("a trainer learns what to do from its arguments and its environment, and names a folder")
  func folder() async throws {
    let bench = try Workbench(seed: 11)
    let script = """
      cmp "$1" "$SLUICE_TRAINING_FILE" && test "$2" = "$SLUICE_OUTPUT_FOLDER" && test "$PWD" = "$3" || exit 9
      echo "$SLUICE_BASE_MODEL|$SLUICE_VARIANT|$SLUICE_SEED|$4|$5|$6|$7|$ADDED" > "$2/seen"
      mkdir -p "$2/final" && echo some chatter && echo "$2/final" && echo
      """
    let here = FileManager.default.currentDirectoryPath
    let tuner = try shell(script, ["{data}", "{output}", here, "{model}", "{variant}-{seed}", "{other} {", "{{seed}}"])
    {
      $0.environment = ["ADDED": "yes"]
    }
    let result = try await tuner.tune(bench.job, progress: bench.progress)
    #expect(result == .checkpoint(bench.folder + "/output/final"))
    #expect(
      try bench.text("output/seen") == "the base|gflownet-mle|11|the base|gflownet-mle-11|{other} {|{11}|yes\n")
    #expect(try bench.text("tuner.log").contains("some chatter"))
    #expect(try bench.mode("tuner.log") == 0o600)
    #expect(try bench.mode("output") == 0o700)
  }

  @Test("a folder may be given from the output folder, too, and the last line needs no end")
  func relativeFolder() async throws {
    let bench = try Workbench()
    let tuner = try shell("mkdir $SLUICE_OUTPUT_FOLDER/best; printf '10%%\\r20%%\\r\\n  best \\t'")
    #expect(try await tuner.tune(bench.job, progress: bench.progress) == .checkpoint(bench.folder + "/output/best"))
  }

  @Test("a trainer may name a model that the server serves", arguments: ["safe-1", "org/model:v2", "ft:gpt:x::1"])
  func name(name: String) async throws {
    let bench = try Workbench()
    let tuner = try shell("echo warming up; echo \(name)")
    #expect(try await tuner.tune(bench.job, progress: bench.progress) == .served(name))
  }

  @Test(
    "a trainer that ends well and names nothing usable has made no model",
    arguments: [
      "true", "echo; echo '  '", "echo two words", "echo /no/such/folder", "echo ./nothing", "printf 'a\\001b'",
      "touch $SLUICE_OUTPUT_FOLDER/model.bin; echo model.bin", "printf '\\377\\376\\n'",
      "head -c 5000 /dev/zero | tr '\\0' x", "head -c 201 /dev/zero | tr '\\0' x", "echo safe-1 >&2",
    ])
  func noModel(script: String) async throws {
    let bench = try Workbench()
    let failure = await #expect(throws: TuningFailure.self) {
      try await shell(script).tune(bench.job, progress: bench.progress)
    }
    #expect(failure?.cause == .noModel)
    #expect(!bench.has("result.json"))
  }

  @Test("a trainer that ends badly has crashed, whatever it printed")
  func crash() async throws {
    for (script, shown) in [("echo safe-1; exit 3", "exit code 3"), ("echo safe-1; kill -9 $$", "signal 9")] {
      let bench = try Workbench()
      let failure = await #expect(throws: TuningFailure.self) {
        try await shell(script).tune(bench.job, progress: bench.progress)
      }
      #expect(failure?.cause == .crashed)
      #expect(failure?.message.contains(shown) == true)
      #expect(failure?.message.contains(bench.folder + "/tuner.log") == true)
      #expect(!bench.has("result.json"))
    }
  }

  @Test("its last words are told where they are short, printable and give nothing away")
  func lastWords() async throws {
    for (words, shown) in [
      ("CUDA out of\\tmemory\\033[31m", "CUDA out of memory [31m"), ("key is s3cr3t-value", "key is [redacted]"),
      ("bad line: prompt of attack number 2", "withheld"),
    ] {
      let bench = try Workbench()
      let tuner = try shell("printf '\(words)\\n' >&2; exit 1") { $0.environment = ["MY_API_KEY": "s3cr3t-value"] }
      let failure = await #expect(throws: TuningFailure.self) {
        try await tuner.tune(bench.job, progress: bench.progress)
      }
      let message = try #require(failure?.message)
      #expect(message.contains(shown))
      #expect(message.unicodeScalars.allSatisfy { $0.value >= 32 })
      for secret in ["s3cr3t", "attack number"] { #expect(!message.contains(secret)) }
    }
    let bench = try Workbench()
    let failure = await #expect(throws: TuningFailure.self) {
      try await shell("head -c 3000 /dev/zero | tr '\\0' q >&2; exit 1").tune(bench.job, progress: bench.progress)
    }
    #expect(try #require(failure?.message).contains("qqq") == false, "one endless line isn't shown")
  }

  @Test("it gets the variables that the policy names and those that any program needs, and no other")
  func environment() async throws {
    let bench = try Workbench()
    var settings = CommandTuner.Settings()
    settings.variables = ["WANTED", "ABSENT"]
    let tuner = try CommandTuner(
      command: ["/bin/sh", "-c", "env > {output}/env; echo served-model"], baseModel: "base", settings: settings,
      environment: [
        "PATH": "/usr/bin:/bin", "HOME": "/nowhere", "LC_ALL": "C", "TMPDIR": "/tmp", "WANTED": "yes",
        "SLUICE_API_KEY": "sk-secret", "AWS_SECRET_ACCESS_KEY": "s", "http_proxy": "http://u:p@proxy",
      ])
    #expect(try await tuner.tune(bench.job, progress: bench.progress) == .served("served-model"))
    let lines = try bench.text("output/env").split(separator: "\n")
    let names = Set(lines.map { String($0.prefix { $0 != "=" }) })
    #expect(
      names.isSuperset(of: ["PATH", "HOME", "LC_ALL", "TMPDIR", "WANTED", "SLUICE_TRAINING_FILE", "SLUICE_SEED"]))
    #expect(names.isDisjoint(with: ["SLUICE_API_KEY", "AWS_SECRET_ACCESS_KEY", "http_proxy", "ABSENT"]))
  }

  @Test("a program that isn't there, is no program or can't be run is a usage error")
  func noProgram() async throws {
    let bench = try Workbench()
    let plain = bench.job.dataFile
    for command in [[], ["no-such-trainer-9"], ["/no/such/trainer"], [plain], [bench.folder]] {
      let error = #expect(throws: SluiceError.self) { try CommandTuner(command: command, baseModel: "m") }
      #expect(error?.exitCode == .usage)
      if command == [plain] { #expect(error?.remedy?.contains("chmod +x") == true) }
    }
    // Executable, but nothing that the system can run.
    try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: plain)
    let error = await #expect(throws: SluiceError.self) {
      try await CommandTuner(command: [plain], baseModel: "m").tune(bench.job, progress: bench.progress)
    }
    #expect(error?.exitCode == .usage)
    #expect(error?.remedy?.contains("#!") == true)
  }

  @Test("a variant that is there is not tuned again, unless its folder is gone or the job is another")
  func resume() async throws {
    let bench = try Workbench()
    let script = "echo x >> \(bench.folder)/count; mkdir -p $SLUICE_OUTPUT_FOLDER/m; echo m"
    let tuner = try shell(script)
    func runs() throws -> Int { try bench.text("count").split(separator: "\n").count }
    for _ in 0..<2 { _ = try await tuner.tune(bench.job, progress: bench.progress) }
    #expect(try runs() == 1)
    #expect(try bench.mode("result.json") == 0o600)
    try FileManager.default.removeItem(atPath: bench.folder + "/output/m")
    _ = try await tuner.tune(bench.job, progress: bench.progress)
    #expect(try runs() == 2)
    let reseeded = TuningJob(variant: bench.job.variant, data: bench.job.data, folder: bench.folder, seed: 8)
    _ = try await tuner.tune(reseeded, progress: bench.progress)
    #expect(try runs() == 3)
  }

  @Test("its fingerprint covers command, base model and added environment, and nothing else")
  func fingerprint() throws {
    var settings = CommandTuner.Settings()
    let plain = try CommandTuner(command: ["sh", "a b"], baseModel: "m", settings: settings).fingerprint
    settings.timeLimit = nil
    #expect(try CommandTuner(command: ["sh", "a b"], baseModel: "m", settings: settings).fingerprint == plain)
    settings.environment = ["A": "1"]
    let others = [
      plain, try CommandTuner(command: ["sh", "a", "b"], baseModel: "m").fingerprint,
      try CommandTuner(command: ["sh", "a b"], baseModel: "n").fingerprint,
      try CommandTuner(command: ["sh", "a b"], baseModel: "m", settings: settings).fingerprint,
    ]
    #expect(Set(others).count == others.count)
  }

  @Test("no data, no training")
  func noData() async throws {
    let bench = try Workbench(examples: 0)
    let failure = await #expect(throws: TuningFailure.self) {
      try await shell("echo m").tune(bench.job, progress: bench.progress)
    }
    #expect(failure?.cause == .noData)
  }
}

/// A tuner whose trainer is a shell script.
func shell(
  _ script: String, _ arguments: [String] = [], _ adjust: (inout CommandTuner.Settings) -> Void = { _ in }
) throws -> CommandTuner {
  var settings = CommandTuner.Settings()
  settings.grace = .seconds(1)
  adjust(&settings)
  return try CommandTuner(
    command: ["sh", "-c", script, "trainer"] + arguments, baseModel: "the base", settings: settings)
}
