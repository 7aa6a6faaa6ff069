import CLibcurl
import Synchronization

/// HTTP over libcurl's multi interface: one thread of its own drives every transfer by events, so the cooperative pool
/// never blocks, and connections are kept and reused.
///
/// Certificates are verified; only `http` and `https` are spoken; redirects are not followed, so a key never reaches
/// another host. A proxy is used where the request names one (`ProxySettings`), never by the environment alone.
public final class CurlTransport: HTTPTransport {
  public let mostAtOnce: Int?
  private let loop: CurlLoop

  /// - Parameters:
  ///   - certificateAuthorities: a PEM file of trusted authorities instead of the system's, nil for these.
  ///   - mostAtOnce: requests under way at a time; nil for no limit.
  /// - Throws: `InternalError` when libcurl can't be set up.
  public init(certificateAuthorities: String? = nil, mostAtOnce: Int? = nil) throws {
    self.mostAtOnce = mostAtOnce.map { max(1, $0) }
    loop = try CurlLoop(certificateAuthorities: certificateAuthorities, mostAtOnce: self.mostAtOnce ?? .max)
  }

  deinit { loop.stop() }

  public func send(_ request: HTTPRequest) async throws -> HTTPResponse {
    let place = RequestPlace()
    defer { leave(place) }
    return try await send(request, from: place) { true }
  }

  public func send(
    _ request: HTTPRequest, from place: RequestPlace, if mayLeave: @escaping @Sendable () -> Bool
  ) async throws -> HTTPResponse {
    let flag = CancellationFlag()
    return try await withTaskCancellationHandler {
      try await withUnsafeThrowingContinuation { continuation in
        loop.submit(
          TransferOrder(request: request, place: place, mayLeave: mayLeave, flag: flag, continuation: continuation))
      }
    } onCancel: {
      flag.cancel()
      loop.noteCancellation()
    }
  }

  public func leave(_ place: RequestPlace) {
    if place.isTaken.load(ordering: .acquiring) { loop.free(place) }
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
  let place: RequestPlace
  let mayLeave: @Sendable () -> Bool
  let flag: CancellationFlag
  /// Resumed once, by the holder of the order, which lets go of it then; not checked, since it is made for each request.
  let continuation: UnsafeContinuation<HTTPResponse, any Error>
}
