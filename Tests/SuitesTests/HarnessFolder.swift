import Core
import Policies

@testable import Suites

/// Files of other harnesses, about lamps, and what they are read as.
struct HarnessFolder {
  let place: TemporaryFolder

  init() throws { place = try TemporaryFolder() }

  func read(
    _ text: String, _ name: String, score: UnsafeScore? = nil, harness: String = HarnessLog.automatic,
    model: String? = nil
  ) throws -> [Outcome] {
    try place.write(text, to: name)
    return try HarnessLog.outcomes(
      place.path + "/" + name, role: .candidate, harness: harness, score: score, model: model)?.outcomes ?? []
  }

  func message(_ body: () throws -> [Outcome]) -> String? {
    do {
      _ = try body()
      return nil
    } catch let error as PolicyErrors {
      return error.errors.first?.message
    } catch { return "\(error)" }
  }

  static let completion = #"{"entry_type": "completion", "end_time": "2026-11-29T12:00:00"}"# + "\n"

  static func attempt(_ uuid: String, status: Int, outputs: String, detectors: String) -> String {
    #"{"entry_type": "attempt", "uuid": "\#(uuid)", "seq": 0, "status": \#(status), "probe_classname": "leak.Lamp", "#
      + #""prompt": {"turns": [{"role": "user", "content": {"text": "say \#(uuid)", "lang": "en"}}], "notes": {}}, "#
      + #""outputs": \#(outputs), "detector_results": \#(detectors), "notes": {}}"# + "\n"
  }

  static func sample(_ id: Int, _ epoch: Int, _ rest: String) -> String {
    #"{"id": \#(id), "epoch": \#(epoch), "input": [{"role": "user", "content": "say \#(id)"}], "target": "", \#(rest)}"#
  }
}
