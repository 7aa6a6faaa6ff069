import Core
import Testing

@testable import Targets

@Suite("A multipart form")
struct MultipartTests {
  private func boundary(of form: MultipartForm) throws -> String {
    String(try #require(form.contentType.split(separator: "=").last))
  }

  private func form(_ file: [UInt8]) -> MultipartForm {
    var random = SeededGenerator(seed: 1)
    return MultipartForm(fields: [("purpose", "fine-tune")], file: file, fileName: "a.jsonl", using: &random)
  }

  @Test("carries its fields and any bytes of a file between boundaries")
  func shape() throws {
    let file = (0...255).map(UInt8.init) + Array("\r\n--".utf8)
    let form = form(file)
    let boundary = try boundary(of: form)
    let head =
      "--\(boundary)\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nfine-tune\r\n"
      + "--\(boundary)\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jsonl\"\r\n"
      + "Content-Type: application/octet-stream\r\n\r\n"
    #expect(form.body == Array(head.utf8) + file + Array("\r\n--\(boundary)--\r\n".utf8))
  }

  @Test("never has a boundary that the file holds")
  func boundaryInFile() throws {
    let first = try boundary(of: form(Array("plain".utf8)))
    let second = try boundary(of: form(Array("--\(first)--".utf8)))
    #expect(first != second)
    #expect(first.utf8.count <= 70)
  }
}
