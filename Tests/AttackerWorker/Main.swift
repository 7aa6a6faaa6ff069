import AttackerWorkers
import Attackers
import Core
import FakeServer
import Foundation
import LanguageModels

/// A worker for tests: runs a checkpoint over the protocol of attackers, and misbehaves as its options say.
///
///     CHECKPOINT         folder of the model
///     --fault NAME       what goes wrong (see `Fault`)
///     --after N          with the Nth answer that it can go wrong with, counted from 1
///     --once FOLDER      only while there is no such folder, which is then made (a file would be among the command's inputs)
///     --chatters         writes much to standard error with every answer
///     --deaf             ignores SIGTERM, and so does a child that it starts
///     --notes FILE       appends its process number, and a child's, to a file
///     --variables FILE   writes the names of its variables to a file
@main
enum Main {
  private static let arguments = CommandLine.arguments

  private static func value(_ option: String) -> String? {
    arguments.firstIndex(of: option).flatMap { arguments.indices.contains($0 + 1) ? arguments[$0 + 1] : nil }
  }

  private static func tell(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

  static func main() async throws {
    if let file = value("--variables") {
      try Data(ProcessInfo.processInfo.environment.keys.sorted().joined(separator: "\n").utf8).write(
        to: URL(filePath: file))
    }
    let isDeaf = arguments.contains("--deaf")
    if isDeaf { signal(SIGTERM, SIG_IGN) }
    if let file = value("--notes") { try noteProcesses(in: file, isDeaf: isDeaf) }
    let model = try CausalLanguageModel.load(folder: arguments[1])
    var session = WorkerSession(LocalEngine(model, fingerprint: ""))
    let stream = FrameStream(input: STDIN_FILENO, output: STDOUT_FILENO)
    var fault = Faults(value("--fault"), after: value("--after").flatMap { Int($0) } ?? 1, once: value("--once"))
    while let question = try stream.read() {
      if arguments.contains("--chatters") { for _ in 0..<2_000 { tell(String(repeating: "chatter ", count: 20)) } }
      let answer = await session.answer(to: fault.changed(question))
      switch fault.happens(with: question) {
      case nil: try stream.write(answer)
      case .dies:
        tell("out of memory")
        exit(3)
      case .silent: while true { sleep(60) }
      case .garbage: try stream.write(Array("no frame at all, but a line of text\n".utf8))
      case .long: try stream.write([2, 0, 0, 0] + [0, 0, 0, 0, 0, 1, 0, 0] + Array("{}".utf8))
      case .breaks:
        try stream.write(Array(answer.encoded().dropLast(3)))
        exit(0)
      case .twice:
        try stream.write(answer)
        try stream.write(answer)
      case let other?: try stream.write(other.changed(answer))
      }
    }
  }
}

/// What goes wrong with an answer.
enum Fault: String {
  case dies, silent, garbage, long, breaks, twice
  /// Its version is another.
  case version
  /// A number is missing, is none, or can't be.
  case short, nan, likely
  /// A token that the vocabulary doesn't have.
  case foreign
  /// Says that it can't.
  case refuses
  /// Steps change nothing; seeds are taken with their place in the batch; log-probabilities are scaled.
  case still, moody, scaled
  /// Every text is the first one.
  case monotonous

  /// Whether an answer to this question can go wrong so.
  func concerns(_ op: String) -> Bool {
    switch self {
    case .version: op == "describe"
    case .short, .nan, .likely, .scaled: op == "log_probabilities"
    case .foreign, .moody: op == "sample"
    case .still: op == "step"
    // Without numbers: an answer with more of them than the next question asks for is refused for that.
    case .twice, .monotonous: op == "decode"
    default: op != "describe"
    }
  }

  func changed(_ answer: Frame) -> Frame {
    let id = JSON.Member("id", answer["id"] ?? .null)
    func floats(_ change: ([Float]) -> [Float]) -> Frame {
      Frame(
        answer.header,
        answer.arrays.map { array in
          if case .floats(let values) = array.values { .init(array.name, .floats(change(values))) } else { array }
        })
    }
    switch self {
    case .version: return Frame([id, .init("version", .integer(2))])
    case .short: return floats { $0.dropLast() }
    case .nan: return floats { $0.dropLast() + [.nan] }
    case .likely: return floats { $0.dropLast() + [1] }
    case .scaled: return floats { $0.map { 0.8 * $0 } }
    case .monotonous:
      let texts = answer["texts"]?.array ?? []
      return Frame([id, .init("texts", .array(texts.map { texts.first ?? $0 }))])
    case .refuses: return Frame([id, .init("error", .string("there is no memory for it"))])
    case .foreign:
      return Frame(
        answer.header,
        answer.arrays.map { array in
          guard array.name == "tokens", case .integers(let tokens) = array.values else { return array }
          return .init("tokens", .integers(tokens.map { _ in Int32.max }))
        })
    default: return answer
    }
  }
}

/// When it goes wrong.
struct Faults {
  private let fault: Fault?
  private let after: Int
  private let once: String?
  private var seen = 0

  init(_ name: String?, after: Int, once: String?) {
    fault = name.flatMap(Fault.init)
    self.after = after
    self.once = once
  }

  mutating func happens(with question: Frame) -> Fault? {
    guard let fault, fault.concerns(question["op"]?.string ?? "") else { return nil }
    seen += 1
    guard seen >= after else { return nil }
    if let once {
      if FileManager.default.fileExists(atPath: once) { return nil }
      try? FileManager.default.createDirectory(atPath: once, withIntermediateDirectories: false)
    }
    return fault
  }

  /// The question that is answered instead.
  func changed(_ question: Frame) -> Frame {
    switch (fault, question["op"]?.string) {
    case (.still, "step"):
      return Frame(
        question.header,
        question.arrays.map { array in
          guard array.name == "weights", case .floats(let values) = array.values else { return array }
          return .init("weights", .floats(values.map { _ in 0 }))
        })
    case (.moody, "sample"):
      return Frame(
        question.header,
        question.arrays.map { array in
          guard array.name == "seeds", case .words(let seeds) = array.values else { return array }
          return .init("seeds", .words(seeds.enumerated().map { $0.element &+ UInt64($0.offset) }))
        })
    default: return question
    }
  }
}
