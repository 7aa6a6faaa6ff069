import Foundation

@testable import Decisions

enum JSONDecoding {
  static func counts(_ text: String) throws -> OutcomeCounts {
    try JSONDecoder().decode(OutcomeCounts.self, from: Data(text.utf8))
  }

  static func text(_ counts: OutcomeCounts) throws -> String {
    String(decoding: try JSONEncoder().encode(counts), as: UTF8.self)
  }
}
