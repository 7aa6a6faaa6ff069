import CLibcurl
import Synchronization

/// HTTP over libcurl's multi interface: one thread of its own drives every transfer by events, so the cooperative pool
/// never blocks, and connections are kept and reused.
///
/// Certificates are verified; only `http` and `https` are spoken; redirects are not followed, so a key never reaches
/// another host. A proxy is used where the request names one (`ProxySettings`), never by the environment alone.
public final class CurlTransport: HTTPTransport {
  private let loop: CurlLoop

  /// - Parameter certificateAuthorities: a PEM file of trusted authorities instead of the system's, nil for these.
  /// - Throws: `InternalError` when libcurl can't be set up.
  public init(certificateAuthorities: String? = nil) throws {
    loop = try CurlLoop(certificateAuthorities: certificateAuthorities)
  }

  deinit { loop.stop() }

  public func send(_ request: HTTPRequest) async throws -> HTTPResponse {
    let flag = CancellationFlag()
    return try await withTaskCancellationHandler {
      try await withUnsafeThrowingContinuation { continuation in
        loop.submit(TransferOrder(request: request, flag: flag, continuation: continuation))
      }
    } onCancel: {
      flag.cancel()
      loop.noteCancellation()
    }
  }
}

/// Says whether a transfer is still wanted. A flag instead of an identifier to cancel by: it can be raised before the
/// transfer starts and after it ends, and nothing is left over in either case.
final class CancellationFlag: Sendable {
  private let cancelled = Atomic(false)

  func cancel() { cancelled.store(true, ordering: .releasing) }
  var isCancelled: Bool { cancelled.load(ordering: .acquiring) }
}

/// A request on its way to the loop's thread.
struct TransferOrder: Sendable {
  let request: HTTPRequest
  let flag: CancellationFlag
  /// Resumed once, by the holder of the order, which lets go of it then; not checked, since it is made for each request.
  let continuation: UnsafeContinuation<HTTPResponse, any Error>
}
