/// One request as the server saw it.
public struct FakeRequest: Sendable {
  public let method: String
  /// As in the request line: the absolute URL where the client takes the server for a proxy.
  public let path: String
  /// Names in lower case.
  public let headers: [(name: String, value: String)]
  public let body: [UInt8]

  public func header(_ name: String) -> String? { headers.first { $0.name == name.lowercased() }?.value }
  public var bodyText: String { String(decoding: body, as: UTF8.self) }
}

/// What the server does with a request.
public indirect enum FakeReply: Sendable {
  case whole(status: Int, headers: [String], body: [UInt8])
  /// Announces all of the body, sends half and hangs up.
  case halfBody([UInt8])
  /// Announces all of the body, sends half and then nothing for a while.
  case stall([UInt8], seconds: Double)
  /// Announces all of the body and sends it byte by byte, with a pause after each.
  case drip([UInt8], seconds: Double)
  /// That many spaces; `announced` says whether a `Content-Length` warns of them.
  case endless(bytes: Int, announced: Bool)
  /// A TCP reset instead of an answer.
  case reset
  /// An orderly end of the connection instead of an answer.
  case hangUp
  case after(seconds: Double, FakeReply)

  public static func json(_ text: String, status: Int = 200, headers: [String] = []) -> FakeReply {
    .whole(status: status, headers: ["Content-Type: application/json"] + headers, body: Array(text.utf8))
  }

  /// An error in the form that OpenAI-compatible servers use.
  public static func error(_ status: Int, _ message: String = "it went wrong", headers: [String] = []) -> FakeReply {
    .json("{\"error\":{\"message\":\(quoted(message)),\"type\":\"test\"}}", status: status, headers: headers)
  }

  /// A chat completion that says `text`.
  public static func chat(_ text: String, finishReason: String = "stop", systemFingerprint: String? = nil) -> FakeReply
  {
    .json(
      """
      {"id":"c-1","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant",\
      "content":\(quoted(text))},"finish_reason":\(quoted(finishReason))}],\
      "system_fingerprint":\(systemFingerprint.map(quoted) ?? "null"),\
      "usage":{"prompt_tokens":11,"completion_tokens":7,"total_tokens":18}}
      """)
  }

  /// A plain completion that says `text`.
  public static func completion(_ text: String, finishReason: String = "length") -> FakeReply {
    .json(
      """
      {"id":"c-1","object":"text_completion","choices":[{"index":0,"text":\(quoted(text)),"logprobs":null,\
      "finish_reason":\(quoted(finishReason))}],\
      "usage":{"prompt_tokens":5,"completion_tokens":3,"total_tokens":8}}
      """)
  }

  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)"
      case "\n": result += "\\n"
      case "\u{0}"..<" ": result += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }

  static func head(_ status: Int, _ headers: [String], length: Int?) -> [UInt8] {
    var lines = ["HTTP/1.1 \(status) Status"] + headers
    if let length { lines.append("Content-Length: \(length)") }
    return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
  }
}
