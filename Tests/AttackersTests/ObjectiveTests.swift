import Core
import Foundation
import LanguageModels
import Testing

@testable import Attackers

@Suite("Objectives and rewards")
struct ObjectiveTests {
  let logPolicy = [-3.0, -7.5, -1.25, -20]
  let logReward = [-2.0, -9, -4, -10.5]

  @Test("variance-TB is the pairwise contrastive form: N Σ (d − mean)² = Σ over pairs")
  func pairwise() {
    let d = zip(logPolicy, logReward).map { $0 - $1 }
    var pairs = 0.0
    for i in d.indices { for j in 0..<i { pairs += (d[i] - d[j]) * (d[i] - d[j]) } }
    let loss = ObjectiveLoss.varianceTB(logPolicy: logPolicy, logReward: logReward).loss
    #expect(abs(loss * 16 - pairs) < 1e-9)
  }

  @Test("slopes agree with finite differences, log Z's too")
  func slopes() {
    for i in logPolicy.indices {
      var (up, down) = (logPolicy, logPolicy)
      up[i] += 1e-5
      down[i] -= 1e-5
      let variance = ObjectiveLoss.varianceTB(logPolicy: logPolicy, logReward: logReward).slopes[i]
      let varianceDifference =
        ObjectiveLoss.varianceTB(logPolicy: up, logReward: logReward).loss
        - ObjectiveLoss.varianceTB(logPolicy: down, logReward: logReward).loss
      #expect(abs(varianceDifference / 2e-5 - variance) < 1e-5)
      let tb = ObjectiveLoss.trajectoryBalance(logPolicy: logPolicy, logReward: logReward, logZ: 2)
      let tbDifference =
        ObjectiveLoss.trajectoryBalance(logPolicy: up, logReward: logReward, logZ: 2).loss
        - ObjectiveLoss.trajectoryBalance(logPolicy: down, logReward: logReward, logZ: 2).loss
      #expect(abs(tbDifference / 2e-5 - tb.slopes[i]) < 1e-5)
    }
    let up = ObjectiveLoss.trajectoryBalance(logPolicy: logPolicy, logReward: logReward, logZ: 2 + 1e-5).loss
    let down = ObjectiveLoss.trajectoryBalance(logPolicy: logPolicy, logReward: logReward, logZ: 2 - 1e-5).loss
    let slope = ObjectiveLoss.trajectoryBalance(logPolicy: logPolicy, logReward: logReward, logZ: 2).logZSlope
    #expect(abs((up - down) / 2e-5 - slope) < 1e-5)
  }

  @Test("Lee's reward is the tempered product; short attacks count as −500; a judge's 0 stays finite")
  func lee() {
    var settings = AttackerSettings()
    settings.gamma = 1.2
    let reward = Reward(settings: settings, threshold: 0)
    let reference: [Float] = [-1, -2, -3, -4, -5]
    let value = reward.logReward(logUnsafe: -0.5, reference: reference, tokens: 5, tau: 2)
    #expect(abs(value - (-0.5 / 0.1 - 15 / 1.2) / 2) < 1e-9)
    let short = reward.logReward(logUnsafe: -0.5, reference: reference, tokens: 4, tau: 1)
    #expect(abs(short - (-5 - 500 / 1.2)) < 1e-9)
    let zero = reward.logReward(logUnsafe: -.infinity, reference: reference, tokens: 5, tau: 1)
    #expect(abs(zero - (log(1e-4) / 0.1 - 15 / 1.2)) < 1e-9)
  }

  @Test("Min-K gives fluent attacks c/β with no p_ref factor, others the floor")
  func minK() {
    var settings = AttackerSettings()
    settings.reward = .minK
    settings.minK = 2
    let reward = Reward(settings: settings, threshold: -4)
    let fluent: [Float] = [-1, -3, -2, -4.5, -1]
    let odd: [Float] = [-1, -3, -2, -5.5, -1]
    #expect(abs(reward.logReward(logUnsafe: -0.2, reference: fluent, tokens: 5, tau: 1) + 2) < 1e-9)
    #expect(abs(reward.logReward(logUnsafe: -0.2, reference: odd, tokens: 5, tau: 1) - log(1e-4) / 0.1) < 1e-9)
  }
}
