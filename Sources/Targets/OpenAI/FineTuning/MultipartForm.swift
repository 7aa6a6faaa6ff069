import Core

/// A `multipart/form-data` body (RFC 7578).
struct MultipartForm {
  let body: [UInt8]
  let contentType: String

  /// - Parameters:
  ///   - fields: names and values without quotes and line breaks.
  ///   - fileName: without quotes and line breaks.
  ///   - random: where the boundary comes from.
  init(
    fields: [(name: String, value: String)], file: [UInt8], fileName: String,
    using random: inout some RandomNumberGenerator
  ) {
    var boundary: String
    repeat {
      boundary = "sluice-" + String(hexadecimal: random.next()) + String(hexadecimal: random.next())
    } while file.firstRange(of: boundary.utf8) != nil
    var body: [UInt8] = []
    for field in fields {
      body += "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(field.name)\"\r\n\r\n\(field.value)\r\n".utf8
    }
    body +=
      ("--\(boundary)\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\(fileName)\"\r\n"
      + "Content-Type: application/octet-stream\r\n\r\n").utf8
    body += file
    body += "\r\n--\(boundary)--\r\n".utf8
    self.body = body
    contentType = "multipart/form-data; boundary=\(boundary)"
  }
}
