import Core
import Testing

@testable import LanguageModels

@Suite("Files that are something else")
struct ForeignFileTests {
  static let kinds: [(bytes: [UInt8], what: String)] = [
    (Array("version https://git-lfs.github.com/spec/v1\noid sha256:0a1b\nsize 178912\n".utf8), "a Git LFS pointer"),
    (Array("/annex/objects/SHA256E-s1--0a1b.gguf\n".utf8), "a git-annex pointer"),
    ([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3], "gzip"), (Array("BZh91AY&SY\u{1}\u{2}".utf8), "bzip2"),
    ([0x28, 0xB5, 0x2F, 0xFD, 4, 5, 6, 7, 8], "zstd"),
    ([0x50, 0x4B, 3, 4, 20, 0, 0, 0, 8, 0, 1, 2], "a ZIP archive"),
    ([0x50, 0x4B, 3, 4] + [UInt8](repeating: 0, count: 26) + Array("archive/data.pkl".utf8), "pickled"),
    ([0x80, 2, 0x7D, 0x71, 0, 0x58, 1, 2, 3, 4], "pickled"),
    (Array("<!DOCTYPE html>\n<html><head><title>Sign in</title>".utf8), "an HTML page"),
    (Array("\n  <HTML><body>502 Bad Gateway".utf8), "an HTML page"),
    (Array("<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code>".utf8), "an XML document"),
    ([0x89, 0x48, 0x44, 0x46, 13, 10, 26, 10, 0, 0], "HDF5"), (Array("%PDF-1.7\n%aaaaaaa".utf8), "a PDF"),
    ([], "empty"),
  ]

  private func copy(_ folder: borrowing CheckpointFolder) throws {
    for name in [
      "config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json",
    ] {
      try folder.write(CheckpointFixtures.bytes(CheckpointFixtures.path("chat/" + name)), as: name)
    }
  }

  @Test("are named as that, whichever file of a checkpoint's folder they stand for", arguments: kinds)
  func folder(bytes: [UInt8], what: String) throws {
    for name in [
      "config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json",
      "chat_template.jinja", "special_tokens_map.json", "model-00001-of-00002.safetensors",
    ] {
      // A template may begin with a tag.
      if name.hasSuffix(".jinja"), ["an HTML page", "an XML document"].contains(what) { continue }
      let folder = try CheckpointFolder()
      try copy(folder)
      try folder.write(bytes, as: name)
      let loads: [(String) throws -> Void] = [
        { _ = try CausalLanguageModel.load(folder: $0) }, { _ = try CheckpointDescription.load($0) },
      ]
      for load in loads {
        let error = #expect(throws: SluiceError.self) { try load(folder.path) }
        #expect(error?.exitCode == .usage && error?.location?.file == folder.path + "/" + name)
        #expect(error?.message.contains(what) == true && error?.remedy != nil, "\(name): \(error?.message ?? "")")
      }
    }
  }

  @Test("are no chat templates that begin with a tag, or with letters that some mark begins with")
  func templates() throws {
    for start in ["<?xml version=\"1.0\"?>", "<html>", "<!DOCTYPE html>", "<error>", "BZh", "BZh9", "BZh01AY&SY"] {
      let folder = try CheckpointFolder()
      try copy(folder)
      try folder.write(start + "{{ messages[0].content }}", as: "chat_template.jinja")
      #expect(try CheckpointDescription.load(folder.path).template == start + "{prompt}")
    }
  }

  @Test("are named in GGUF's place too", arguments: kinds)
  func gguf(bytes: [UInt8], what: String) throws {
    let folder = try CheckpointFolder()
    let path = try folder.write(bytes, as: "model.gguf")
    let error = #expect(throws: SluiceError.self) { try CausalLanguageModel.load(folder: path) }
    #expect(error?.message.contains(what) == true && error?.location?.file == path, "\(error?.message ?? "")")
  }

  @Test("are all named in one error where there are several")
  func several() throws {
    let folder = try CheckpointFolder()
    try copy(folder)
    for name in ["model.safetensors", "tokenizer.json"] { try folder.write(Self.kinds[0].bytes, as: name) }
    let error = #expect(throws: SluiceError.self) { try CausalLanguageModel.load(folder: folder.path) }
    #expect(error?.message.contains("model.safetensors is a Git LFS pointer") == true)
    #expect(error?.message.contains("tokenizer.json is a Git LFS pointer") == true)
    #expect(error?.remedy?.contains("git lfs pull") == true)
  }

  @Test("are told apart from the checkpoint's own formats, and from each other by their endings")
  func endings() throws {
    let safetensors = Array(
      try CheckpointFixtures.bytes(CheckpointFixtures.path("chat/model.safetensors")).prefix(1024))
    let gguf = Array(try CheckpointFixtures.bytes(CheckpointFixtures.path("quantised.gguf")).prefix(1024))
    #expect(ForeignFile(safetensors, name: "model.safetensors") == nil)
    #expect(ForeignFile(gguf, name: "model.gguf") == nil)
    #expect(ForeignFile(safetensors, name: "model.gguf")?.what == "a safetensors file")
    #expect(ForeignFile(gguf, name: "model.safetensors")?.what == "a GGUF file")
    #expect(ForeignFile(Array("{\"a\": 1}".utf8), name: "config.json") == nil)
    let denied = Array("Access to model x is restricted. You must be authenticated.".utf8)
    #expect(ForeignFile(denied, name: "model.safetensors")?.what.contains("text, not weights") == true)
  }
}
