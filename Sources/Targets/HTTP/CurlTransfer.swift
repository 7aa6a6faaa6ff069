import CLibcurl
import Core

/// One easy handle, what it sends and what it has received. Used for one request after the other, as long as these differ
/// in their bodies alone. Lives on the loop's thread alone.
final class CurlTransfer {
  let handle: UnsafeMutableRawPointer
  /// Its place among the engine's active transfers.
  var slot = 0
  /// What the handle is set up for; the body is that of the first request.
  private let model: HTTPRequest
  private var order: TransferOrder?
  private var headers: UnsafeMutablePointer<curl_slist>?
  private let errorText: UnsafeMutablePointer<CChar>
  private var body: [UInt8] = []
  private var overflowed = false
  private var watchesForStall = false

  /// - Throws: `TransportFailure` when libcurl doesn't accept the request.
  init(like request: HTTPRequest, certificateAuthorities: String?) throws {
    guard let handle = curl_easy_init() else { throw InternalError("libcurl has no handle left") }
    self.handle = handle
    model = request
    errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
    errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    try configure(certificateAuthorities: certificateAuthorities)
  }

  deinit {
    curl_easy_cleanup(handle)
    curl_slist_free_all(headers)
    errorText.deallocate()
  }

  var isCancelled: Bool { order?.flag.isCancelled ?? false }
  var place: RequestPlace? { order?.place }
  /// What has come so far.
  var bodyBytes: Int { body.count }
  /// Whether the server's status says so; known once the transfer has ended.
  var hasSucceeded: Bool { (200..<300).contains(sluice_get_long(handle, CURLINFO_RESPONSE_CODE)) }

  /// Whether `request` is like the one that the handle is set up for, but for its body.
  func isMade(for request: HTTPRequest) -> Bool {
    model.method == request.method && model.bounds == request.bounds && model.arrivesOnce == request.arrivesOnce
      && model.url == request.url && model.proxy == request.proxy && model.files == request.files
      && model.signature == request.signature
      && model.headers == request.headers
  }

  /// Makes the handle ready for a request that it is made for.
  /// - Throws: `TransportFailure` when libcurl doesn't accept it; the order's continuation is then untouched.
  func take(_ order: TransferOrder) throws {
    if watchesForStall { try watchForStall(seconds: 0) }
    overflowed = false
    errorText.pointee = 0
    if model.method.hasBody {
      let bytes = order.request.body
      try check(sluice_set_offset(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(bytes.count)))
      try bytes.withUnsafeBytes { bytes in
        try check(sluice_set_bytes(handle, CURLOPT_COPYPOSTFIELDS, bytes.baseAddress ?? UnsafeRawPointer(handle)))
      }
    }
    self.order = order
  }

  private func configure(certificateAuthorities: String?) throws {
    try set(CURLOPT_URL, model.url)
    try set(CURLOPT_PROTOCOLS_STR, "http,https")
    try set(CURLOPT_USERAGENT, "sluice/\(sluiceVersion)")
    try set(CURLOPT_ACCEPT_ENCODING, "gzip")
    try set(CURLOPT_FOLLOWLOCATION, 0)
    // Both said, so that libcurl doesn't look into the environment: the report names what is used.
    try set(CURLOPT_PROXY, model.proxy ?? "")
    try set(CURLOPT_NOPROXY, "")
    try set(CURLOPT_SSL_VERIFYPEER, 1)
    try set(CURLOPT_SSL_VERIFYHOST, 2)
    if let authorities = model.files?.authorities ?? certificateAuthorities { try set(CURLOPT_CAINFO, authorities) }
    if let certificate = model.files?.certificate {
      try set(CURLOPT_SSLCERT, certificate)
      try set(CURLOPT_SSLKEY, model.files?.key ?? certificate)
    }
    if let signature = model.signature { try sign(signature) }
    // Signals belong to the process; time-outs of the name look-up work without them.
    try set(CURLOPT_NOSIGNAL, 1)
    try set(CURLOPT_TCP_KEEPALIVE, 1)
    try set(CURLOPT_CONNECTTIMEOUT_MS, model.bounds.connect.wholeMilliseconds)
    try set(CURLOPT_TIMEOUT_MS, model.bounds.total.wholeMilliseconds)
    try check(sluice_set_error_buffer(handle, errorText))
    // The engine keeps the transfer alive for as long as its handle is in use, so the pointer needs no retain.
    try check(sluice_set_writer(handle, receive, Unmanaged.passUnretained(self).toOpaque()))
    try check(sluice_set_owner(handle, Unmanaged.passUnretained(self).toOpaque()))
    // On a new connection libcurl never sends a request twice.
    if model.arrivesOnce { try set(CURLOPT_FRESH_CONNECT, 1) }
    var lines = model.headers.map { "\($0.name): \($0.value)" }
    if model.method.hasBody {
      try set(CURLOPT_POST, 1)
      if model.method != .post { try set(CURLOPT_CUSTOMREQUEST, model.method.rawValue) }
      // A long body must not wait a second for a "100 Continue" that few servers send. Of a signed request every line is signed, and
      // this one isn't sent.
      if model.signature == nil { lines.append("Expect:") } else { try set(CURLOPT_EXPECT_100_TIMEOUT_MS, 1) }
    }
    for line in lines {
      guard let longer = curl_slist_append(headers, line) else { throw InternalError("out of memory") }
      headers = longer
    }
    try check(sluice_set_list(handle, CURLOPT_HTTPHEADER, headers))
  }

  /// Has libcurl sign the request. What AWS signs is the path with its escapes escaped once more, which libcurl does from 8.9 on; before
  /// that it signs the path of the address as it is, and sends what it is told.
  private func sign(_ signature: AWSSignature) throws {
    try set(CURLOPT_AWS_SIGV4, "aws:amz:\(signature.region):\(signature.service)")
    try set(CURLOPT_USERNAME, signature.accessKey)
    try set(CURLOPT_PASSWORD, signature.secretKey)
    guard sluice_curl_version() < 0x080900, let start = model.url.firstRange(of: "://")?.upperBound,
      let path = model.url[start...].firstIndex(of: "/")
    else { return }
    let target = String(model.url[path...])
    try set(CURLOPT_URL, String(model.url[..<path]) + target.replacing("%", with: "%25"))
    try set(CURLOPT_REQUEST_TARGET, target)
  }

  /// Ends the transfer after so many seconds without a byte; 0 watches no more.
  private func watchForStall(seconds: Int) throws {
    try set(CURLOPT_LOW_SPEED_LIMIT, seconds == 0 ? 0 : 1)
    try set(CURLOPT_LOW_SPEED_TIME, seconds)
    watchesForStall = seconds > 0
  }

  private func set(_ option: CURLoption, _ value: String) throws { try check(sluice_set_string(handle, option, value)) }

  private func set(_ option: CURLoption, _ value: Int) throws { try check(sluice_set_long(handle, option, value)) }

  private func check(_ code: CURLcode) throws {
    guard code == CURLE_OK else {
      throw TransportFailure(
        .permanent, "libcurl doesn't accept the request: \(String(cString: curl_easy_strerror(code)))")
    }
  }

  /// - Returns: how many bytes were taken; fewer than offered makes libcurl abort the transfer.
  fileprivate func take(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard body.count + bytes.count <= model.bounds.bodyBytes else {
      overflowed = true
      return 0
    }
    if body.isEmpty {
      // From the first byte on the answer must keep flowing. The watch starts here because a server that doesn't stream
      // is silent for as long as its model generates.
      try? watchForStall(seconds: max(1, model.bounds.stall.wholeMilliseconds / 1000))
    }
    body.append(contentsOf: bytes)
    if bytes.count == body.count {
      // Growing by doubling would take twice the memory and copy a large answer several times. Pages that an announcement
      // promises and no body fills cost nothing.
      let announced = Int(sluice_get_offset(handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T))
      if announced > body.count { body.reserveCapacity(min(announced, model.bounds.bodyBytes)) }
    }
    return bytes.count
  }

  func finish(throwing error: any Error) { end()?.resume(throwing: error) }

  /// Resumes the caller, with the answer or with what `result` means.
  func finish(_ result: CURLcode) {
    guard result == CURLE_OK else {
      finish(throwing: failure(result))
      return
    }
    let seconds = sluice_get_offset(handle, CURLINFO_RETRY_AFTER)
    let response = HTTPResponse(
      status: sluice_get_long(handle, CURLINFO_RESPONSE_CODE), body: body,
      retryAfter: seconds > 0 ? .seconds(seconds) : nil,
      redirect: sluice_get_string(handle, CURLINFO_REDIRECT_URL).map { String(cString: $0) },
      elapsed: .microseconds(sluice_get_offset(handle, CURLINFO_TOTAL_TIME_T)))
    end()?.resume(returning: response)
  }

  /// Lets go of request and answer, since the handle may wait long for the next.
  private func end() -> UnsafeContinuation<HTTPResponse, any Error>? {
    defer { (order, body) = (nil, []) }
    return order?.continuation
  }

  private func failure(_ result: CURLcode) -> TransportFailure {
    if overflowed || result == CURLE_FILESIZE_EXCEEDED {
      return TransportFailure(.tooLarge, "the response is larger than \(model.bounds.bodyBytes) bytes")
    }
    let detail = String(cString: errorText)
    let message = detail.isEmpty ? String(cString: curl_easy_strerror(result)) : detail
    let answered = sluice_get_long(handle, CURLINFO_RESPONSE_CODE) > 0
    switch result {
    case CURLE_OPERATION_TIMEDOUT: return TransportFailure(body.isEmpty ? .timedOut : .stalled, message)
    case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR:
      return TransportFailure(.permanent, "the server's certificate is not trusted (\(message))")
    case CURLE_SSL_CERTPROBLEM:
      return TransportFailure(.permanent, "the certificate or its key can't be used (\(message))")
    case CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT, CURLE_NOT_BUILT_IN:
      return TransportFailure(.permanent, message)
    default: return TransportFailure(answered ? .cutShort : .noConnection, message)
    }
  }
}

/// libcurl's write callback; `context` is the transfer.
private func receive(
  _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
  guard let bytes, let context else { return 0 }
  return Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
    .take(UnsafeRawBufferPointer(start: bytes, count: size * count))
}

extension Duration {
  /// Rounded up, so that a short limit never becomes libcurl's 0, which means none.
  var wholeMilliseconds: Int {
    let (seconds, attoseconds) = components
    return max(1, Int(seconds) * 1000 + Int((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000))
  }

  var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
