import Synchronization
import Targets

/// Cuts a stream into frames. A frame that is longer than is expected ends it before any of its arrays is read.
struct FrameCutter: MessageCutter {
  /// Bytes that the arrays of the next frame may have. The client sets it before it asks; the process's own thread reads it.
  final class Limit: Sendable {
    private let bytes = Mutex(0)

    var most: Int {
      get { bytes.withLock(\.self) }
      set { bytes.withLock { $0 = newValue } }
    }
  }

  let limit: Limit
  private var frame: [UInt8] = []
  /// Bytes of the whole frame; nil until its first twelve are there.
  private var whole: Int?

  init(limit: Limit) { self.limit = limit }

  var noun: String { "frame" }
  var isInside: Bool { !frame.isEmpty }

  mutating func take(_ bytes: ArraySlice<UInt8>, found: ([UInt8]) -> Void) -> String? {
    var rest = bytes
    while !rest.isEmpty {
      let more = rest.prefix((whole ?? Frame.prelude) - frame.count)
      frame += more
      rest = rest.dropFirst(more.count)
      if whole == nil, frame.count == Frame.prelude {
        let sizes = Frame.sizes(frame)
        if sizes.header > UInt64(Frame.mostHeader) {
          return "it wrote what is no frame, or a header of more than \(Frame.mostHeader) bytes"
        }
        let most = limit.most
        if sizes.arrays > UInt64(most) {
          return "it wrote a frame with \(sizes.arrays) bytes of numbers where \(most) were expected at most"
        }
        whole = Frame.prelude + Int(sizes.header) + Int(sizes.arrays)
        frame.reserveCapacity(whole ?? 0)
      }
      if frame.count == whole {
        found(frame)
        (frame, whole) = ([], nil)
      }
    }
    return nil
  }
}
