import Core
import FakeServer
import Foundation
import SafetyTuning
import Synchronization
import Targets
import Testing

@Suite("Tuning through a fine-tuning service", .timeLimit(.minutes(1)))
struct FineTuningTests {
  @Test("uploads the data, starts one job, and gives the name of its model")
  func success() async throws {
    let service = FakeFineTuningService()
    try await FakeServer.run(answering: service.answer) { server in
      let bench = try Workbench()
      let tuner = try tuner(on: server) { $0.pricePerMillionTokens = 3 }
      #expect(try await tuner.tune(bench.job, progress: bench.progress) == .served("ft:base:org:safe:1"))

      let upload = try #require(service.files.first)
      #expect(upload.firstRange(of: try bench.bytes(TuningData.fileName)) != nil)
      #expect(upload.firstRange(of: "name=\"purpose\"\r\n\r\nfine-tune\r\n".utf8) != nil)
      let type = server.requests.first?.header("content-type")
      #expect(type?.hasPrefix("multipart/form-data; boundary=") == true)

      let order = try #require(service.jobs.first?.body)
      #expect(service.jobs.count == 1)
      #expect(order["model"]?.string == "base")
      #expect(order["training_file"]?.string == "file-1")
      #expect(order["suffix"]?.string == "gflownet-mle")
      #expect(order["method"]?["type"]?.string == "supervised")
      #expect(order["method"]?["supervised"]?["hyperparameters"]?["n_epochs"]?.integer == 2)
      #expect(order["hyperparameters"] == nil)
      #expect(bench.notes.contains { $0.contains("1000000 tokens, 3.00") })
      #expect(bench.notes.contains { $0.contains("running") })
    }
  }

  @Test("speaks to older services, which want hyperparameters elsewhere")
  func olderForm() async throws {
    let service = FakeFineTuningService()
    try await FakeServer.run(answering: service.answer) { server in
      let bench = try Workbench(variant: "a variant with a long näme")
      let tuner = try tuner(on: server) {
        $0.form = .topLevel
        $0.epochs = 4
        $0.batch = 8
        $0.learningRateMultiplier = 0.5
      }
      _ = try await tuner.tune(bench.job, progress: bench.progress)
      let order = try #require(service.jobs.first?.body)
      #expect(order["method"] == nil)
      #expect(order["hyperparameters"]?["n_epochs"]?.integer == 4)
      #expect(order["hyperparameters"]?["batch_size"]?.integer == 8)
      #expect(order["hyperparameters"]?["learning_rate_multiplier"]?.double == 0.5)
      #expect(order["suffix"]?.string == "a-variant-with-a-l")
    }
  }

  @Test("says why the service's job failed, without key and prompts")
  func failure() async throws {
    let key = "sk-test-0123456789abcdef"
    for (said, shown) in [
      ("the file has 3 examples, 10 are needed", "3 examples, 10 are needed"), ("bad key \(key)", "bad key [redacted]"),
      ("line 2: prompt of attack number 1 is not allowed", "withheld"),
    ] {
      let service = FakeFineTuningService(
        statuses: ["running", "failed"], result: #""fine_tuned_model":null,"error":{"code":"x","message":"\#(said)"}"#)
      try await FakeServer.run(answering: service.answer) { server in
        let bench = try Workbench()
        let failure = await #expect(throws: TuningFailure.self) {
          try await tuner(on: server, key: key).tune(bench.job, progress: bench.progress)
        }
        #expect(failure?.cause == .crashed)
        #expect(failure?.message.contains(shown) == true)
        for text in [failure?.message ?? key, try bench.text("remote-job.json")] + bench.notes {
          #expect(!text.contains("0123456789") && !text.contains("attack number"))
        }
      }
    }
  }

  @Test(
    "a job that succeeds and names no usable model is no model",
    arguments: ["null", "\"\"", "\"two words\"", "\"a\\u0007b\"", "17"])
  func noModel(name: String) async throws {
    let service = FakeFineTuningService(result: #""fine_tuned_model":\#(name)"#)
    try await FakeServer.run(answering: service.answer) { server in
      let bench = try Workbench()
      let failure = await #expect(throws: TuningFailure.self) {
        try await tuner(on: server).tune(bench.job, progress: bench.progress)
      }
      #expect(failure?.cause == .noModel)
    }
  }

  @Test("a job that somebody cancels on the service has failed")
  func cancelledElsewhere() async throws {
    let service = FakeFineTuningService(statuses: ["running", "cancelled"])
    try await FakeServer.run(answering: service.answer) { server in
      let bench = try Workbench()
      let failure = await #expect(throws: TuningFailure.self) {
        try await tuner(on: server).tune(bench.job, progress: bench.progress)
      }
      #expect(failure?.cause == .crashed)
      #expect(failure?.message.contains("cancelled") == true)
    }
  }

  @Test("a job that would cost too much is refused with its figures before anything is sent")
  func tooExpensive() async throws {
    let service = FakeFineTuningService()
    try await FakeServer.run(answering: service.answer) { server in
      let bench = try Workbench(examples: 2000)
      let bytes = try bench.bytes(TuningData.fileName).count
      let cost = Double((bytes + 3) / 4 * 5) / 1e6 * 20
      func tuner(limit: Double) throws -> FineTuningAPITuner {
        try SafetyTuningTests.tuner(on: server) {
          $0.epochs = 5
          $0.costLimit = limit
          $0.pricePerMillionTokens = 20
        }
      }
      let failure = await #expect(throws: TuningFailure.self) {
        try await tuner(limit: cost * 0.99).tune(bench.job, progress: bench.progress)
      }
      #expect(failure?.cause == .tooExpensive)
      for figure in [String(format: "%.2f", cost), "\((bytes + 3) / 4 * 5) tokens", "20.00 a million"] {
        #expect(failure?.message.contains(figure) == true)
      }
      #expect(server.requests.isEmpty)
      _ = try await tuner(limit: cost * 1.01).tune(bench.job, progress: bench.progress)
      #expect(service.jobs.count == 1)
    }
  }

  @Test("settings that make no sense are a usage error")
  func settings() async throws {
    let edits: [(inout FineTuningAPITuner.Settings) -> Void] = [
      { $0.epochs = 0 }, { $0.batch = 0 }, { $0.learningRateMultiplier = .nan }, { $0.costLimit = 1 },
      { $0.costLimit = -1 },
    ]
    for edit in edits {
      var settings = FineTuningAPITuner.Settings()
      edit(&settings)
      let error = #expect(throws: SluiceError.self) {
        try FineTuningAPITuner(OpenAIConfiguration(url: "http://h", model: "m"), settings: settings, environment: [:])
      }
      #expect(error?.exitCode == .usage)
    }
  }

  @Test("a key that isn't accepted names its variable and stops all tuning; one that isn't there is a usage error")
  func keys() async throws {
    let key = "sk-test-0123456789abcdef"
    let service = FakeFineTuningService { _, _ in .error(401, "Incorrect API key provided: \(key)") }
    try await FakeServer.run(answering: service.answer) { server in
      let bench = try Workbench()
      let error = await #expect(throws: SluiceError.self) {
        try await tuner(on: server, key: key).tune(bench.job, progress: bench.progress)
      }
      #expect(error?.exitCode == .unavailable)
      #expect(error?.description.contains("THE_KEY") == true)
      #expect(error?.description.contains("0123456789") == false)
      #expect(server.requests.first?.header("authorization") == "Bearer \(key)")
    }
    var configuration = OpenAIConfiguration(url: "http://h", model: "m")
    configuration.apiKeyVariable = "THE_KEY"
    let error = #expect(throws: SluiceError.self) { try FineTuningAPITuner(configuration, environment: [:]) }
    #expect(error?.exitCode == .usage)
    #expect(error?.description.contains("THE_KEY") == true)
  }

  @Test("its fingerprint tells apart what shapes a variant, and nothing else")
  func fingerprint() throws {
    func fingerprint(_ edit: (inout FineTuningAPITuner.Settings) -> Void, model: String = "m") throws -> String {
      var settings = FineTuningAPITuner.Settings()
      edit(&settings)
      return try FineTuningAPITuner(
        OpenAIConfiguration(url: "http://h", model: model), settings: settings, environment: [:]
      ).fingerprint
    }
    let plain = try fingerprint { _ in }
    #expect(try fingerprint { $0.pollInterval = .seconds(1) } == plain)
    #expect(try fingerprint { $0.timeLimit = nil } == plain)
    let others = [
      plain, try fingerprint({ _ in }, model: "n"), try fingerprint { $0.epochs = 3 }, try fingerprint { $0.batch = 4 },
      try fingerprint { $0.learningRateMultiplier = 2 },
    ]
    #expect(Set(others).count == others.count)
  }
}
