import Core
import Foundation

/// Frames over two descriptors, read and written with waiting: the worker's side of a pipe.
package struct FrameStream: Sendable {
  private let input: Int32
  private let output: Int32

  package init(input: Int32, output: Int32) {
    self.input = input
    self.output = output
  }

  /// The next frame; nil at the end of the stream.
  /// - Throws: `SluiceError` (usage) for what is no frame, and for one that breaks off.
  package func read() throws -> Frame? {
    let prelude = try bytes(Frame.prelude)
    if prelude.isEmpty { return nil }
    let sizes = Frame.sizes(prelude)
    let most = 4 * UInt64(WorkerProtocol.mostParameters)
    guard prelude.count == Frame.prelude, sizes.header <= UInt64(Frame.mostHeader), sizes.arrays <= most else {
      throw Self.broken("no frame begins here")
    }
    do throws(FrameError) {
      return try Frame(prelude + (try rest(Int(sizes.header) + Int(sizes.arrays))))
    } catch {
      throw Self.broken(error.clause)
    }
  }

  private func rest(_ count: Int) throws(FrameError) -> [UInt8] {
    guard let bytes = try? bytes(count), bytes.count == count else {
      throw FrameError(clause: "the frame breaks off")
    }
    return bytes
  }

  /// - Throws: `SluiceError` (input or output) where nobody reads.
  package func write(_ frame: Frame) throws { try write(frame.encoded()) }

  package func write(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.write(output, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else {
        throw SluiceError(
          .inputOutput, "the answer can't be written: \(String(cString: strerror(errno)))",
          remedy: "The client has gone.")
      }
      rest = rest.dropFirst(count)
    }
  }

  /// As many bytes, or fewer at the end of the stream.
  private func bytes(_ count: Int) throws -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let got = buffer.withUnsafeMutableBytes { raw in
        let free = UnsafeMutableRawBufferPointer(rebasing: raw[filled...])
        return Foundation.read(input, free.baseAddress, free.count)
      }
      if got < 0 && errno == EINTR { continue }
      guard got >= 0 else {
        throw SluiceError(
          .inputOutput, "the question can't be read: \(String(cString: strerror(errno)))",
          remedy: "Start the worker with a pipe as its standard input.")
      }
      if got == 0 { break }
      filled += got
    }
    return Array(buffer[..<filled])
  }

  private static func broken(_ clause: String) -> SluiceError {
    SluiceError(
      .usage, "standard input is no stream of frames: \(clause)",
      remedy: "A worker is started by sluice run or sluice attacker conform, not by hand.")
  }
}
