import ChatTemplates
import Core
import Foundation
import LanguageModels
import Policies
import Tokenizers

/// What a fuzzer's bytes are given to. Whatever they are, a reader throws an error of use or succeeds; anything else (a
/// trap, an error of another kind, memory that the file doesn't justify) ends the process and is a finding.
private enum FuzzTarget: String {
  case safetensors, gguf, tokenizer, policy, template

  func run(_ bytes: [UInt8]) {
    do {
      switch self {
      case .safetensors: try safetensors(bytes)
      case .gguf: try gguf(bytes)
      case .tokenizer: try tokenizer(bytes)
      case .policy: try policy(bytes)
      case .template: try template(bytes)
      }
    } catch let error as SluiceError {
      expectUsage(error)
    } catch let error as PolicyErrors {
      for error in error.errors { expectUsage(error) }
    } catch {
      finding("an error of the wrong kind: \(error)")
    }
  }

  private func expectUsage(_ error: SluiceError) {
    if error.exitCode != .usage { finding("exit code \(error.exitCode): \(error)") }
    if error.description.unicodeScalars.contains(where: { $0.value < 0x20 && $0 != "\n" && $0 != "\t" }) {
      finding("a control character reached a message: \(error.description.debugDescription)")
    }
  }

  private func safetensors(_ bytes: [UInt8]) throws {
    let file = try SafetensorsFile(path: Scratch.write(bytes, "fuzz.safetensors"))
    for (name, info) in file.tensors where [.f32, .f16, .bf16].contains(info.dtype) {
      if try file.floats(name).count != info.count { finding("\(name) has another number of elements than it says") }
    }
  }

  private func gguf(_ bytes: [UInt8]) throws {
    let path = Scratch.write(bytes, "fuzz.gguf")
    let description = try CheckpointDescription.load(path)
    let model = try CausalLanguageModel.load(folder: path)
    // What loads must also run, on a text that the context holds.
    guard description.context >= 8, description.layers <= 8, description.vocabulary <= 4096 else { return }
    let ids = model.tokenizer.encode("the cat")
    if !ids.isEmpty, ids.count <= description.context { _ = try model.score("the cat", top: 3) }
  }

  private func tokenizer(_ bytes: [UInt8]) throws {
    let path = Scratch.write(bytes, "tokenizer.json")
    let tokenizer = try Tokenizer.load(folder: (path as NSString).deletingLastPathComponent)
    for text in [
      "The keeper's 17 café <mask> 🙂 refund desk\u{0301}", String(decoding: bytes.suffix(64), as: UTF8.self),
    ] {
      let ids = tokenizer.encode(text)
      if let wrong = ids.first(where: { $0 < 0 || $0 >= tokenizer.vocabularySize }) { finding("the id \(wrong)") }
      _ = tokenizer.decode(ids)
    }
  }

  private func policy(_ bytes: [UInt8]) throws {
    _ = try Policy.parse(bytes, path: "policy.yaml", environment: ["KEY": "value"], checksFiles: false)
  }

  /// Rendering is bounded by steps: where it takes long, libFuzzer's own time limit finds it.
  private func template(_ bytes: [UInt8]) throws {
    func message(_ role: String, _ content: String) -> JSON {
      .object([.init("role", .string(role)), .init("content", .string(content))])
    }
    do {
      _ = try ChatTemplate(String(decoding: bytes, as: UTF8.self)).render(
        [
          ("messages", .array([message("system", "Be kind."), message("user", " Héllo <b> ")])), ("tools", .null),
          ("bos_token", .string("<s>")), ("add_generation_prompt", .bool(true)),
        ], time: TemplateTime(year: 2026, month: 3, day: 5))
    } catch let error as TemplateError {
      if error.line < 1 { finding("an error on line \(error.line)") }
    }
  }

  private func finding(_ text: String) -> Never { preconditionFailure(text) }
}

/// Files that the readers map; in memory where the system has such a folder.
private enum Scratch {
  private static let folder: String = {
    let parent = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()
    let folder = "\(parent)/sluice-fuzz-\(ProcessInfo.processInfo.processIdentifier)"
    try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    return folder
  }()

  static func write(_ bytes: [UInt8], _ name: String) -> String {
    let path = folder + "/" + name
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    defer { close(descriptor) }
    _ = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
    return path
  }
}

/// The one that the environment asks for: libFuzzer has no arguments to spare.
private let target = FuzzTarget(rawValue: ProcessInfo.processInfo.environment["SLUICE_FUZZ_TARGET"] ?? "")

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  guard let target else {
    preconditionFailure("SLUICE_FUZZ_TARGET must be safetensors, gguf, tokenizer, policy or template")
  }
  target.run(Array(UnsafeBufferPointer(start: data, count: count)))
  return 0
}
