import Core
import Decisions
import Evidence
import Foundation
import SafetyTuning

/// Makes variants, and finds those that an earlier life of the run has made.
struct VariantMaker: Sendable {
  let tuner: any Tuner
  /// Shared by all variants.
  let folder: String
  /// Whether training files are kept; beside a sealed ledger nothing is in the clear.
  let writesData: Bool
  /// Whose attacks the training files hold, and what for.
  let governance: Governance?
  let load: @Sendable (_ model: TunedModel, _ variant: String) throws -> Participant
  let seed: UInt64

  /// What came of a data set: a model that answers, or why there is none.
  enum Outcome: Sendable {
    case made(Participant, seconds: Double)
    case failed(String)
  }

  /// - Throws: `SluiceError` where no variant can be had, `CancellationError`.
  func make(
    _ variant: String, from data: TuningData, progress: @escaping @Sendable (_ note: String) -> Void
  ) async throws -> Outcome {
    if data.count(.refusal) == 0 { return .failed("there was no attack to tune on") }
    let identity = SHA256.hex("\(tuner.fingerprint)\n\(seed)\n\(data.chatLines)")
    let own = folder + "/" + variant.replacing(" ", with: "-") + "-" + identity.prefix(12)
    let job = TuningJob(variant: variant, data: data, folder: own, seed: seed)
    let clock = ContinuousClock()
    let began = clock.now
    do {
      if let known = remembered(own) {
        progress("made before")
        return .made(try await answering(known, variant), seconds: 0)
      }
      try prepare(job)
      let model = try await tuner.tune(job, progress: progress)
      let participant = try await answering(model, variant)
      try remember(model, in: own)
      return .made(participant, seconds: (clock.now - began).inSeconds)
    } catch let failure as TuningFailure {
      return .failed("the tuner \(Self.verb(failure.cause)): \(failure.message)")
    }
  }

  private static func verb(_ cause: TuningFailure.Cause) -> String {
    switch cause {
    case .crashed: "ended with an error"
    case .timedOut: "took too long"
    case .noModel: "left no usable model"
    case .tooExpensive: "would cost too much"
    case .unavailable: "could not be reached"
    case .noData: "had nothing to learn"
    }
  }

  /// The model, after it answered one harmless question.
  private func answering(_ model: TunedModel, _ variant: String) async throws -> Participant {
    do {
      let participant = try load(model, variant)
      try await participant.target.probe()
      return participant
    } catch let error as SluiceError where error.exitCode == .usage {
      throw TuningFailure(.noModel, "its result can't be loaded: \(error.message)")
    } catch let failure as ResponseFailure {
      throw TuningFailure(.noModel, "its result doesn't answer: \(failure.message)")
    }
  }

  private func prepare(_ job: TuningJob) throws {
    do {
      try FileManager.default.createDirectory(
        atPath: job.folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw SluiceError(
        .usage, "can't make the folder of a variant: \(error.localizedDescription)",
        at: SourceLocation(file: job.folder), remedy: "Check tuning.folder, its permissions and the disk.")
    }
    guard writesData else { return }
    if let governance { try TuningData.write(governance, in: job.folder) }
    try job.data.write(to: job.dataFile)
  }

  private func remembered(_ folder: String) -> TunedModel? {
    let note = folder + "/variant.json"
    guard let bytes = try? BoundedFile.read(note, what: "the note", limit: 1 << 20, hint: "") else { return nil }
    let model = try? JSONDecoder().decode(TunedModel.self, from: Data(bytes))
    if case .checkpoint(let folder)? = model, !FileManager.default.fileExists(atPath: folder) { return nil }
    return model
  }

  private func remember(_ model: TunedModel, in folder: String) throws {
    try OutputFile.write(
      [UInt8](try JSONEncoder().encode(model)), to: folder + "/variant.json", what: "the variant's note")
  }
}
