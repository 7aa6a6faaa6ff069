import Foundation

extension Double {
  var naturalLogarithm: Double { Foundation.log(self) }
}
