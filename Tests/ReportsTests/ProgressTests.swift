import Testing

@testable import Reports

/// Times are given: nothing here waits.
@Suite("Progress lines")
struct ProgressTests {
  private func line(_ pace: ProgressPace, _ done: Int, of total: Int?, at time: Double, note: String = "") -> String {
    ProgressLine(stage: "replay", done: done, total: total, unit: "responses", note: note, pace: pace, at: time).text
  }

  @Test("A rate is of what was asked: what the ledger had counts as done, and as nothing else")
  func resumed() {
    var pace = ProgressPace(began: 100)
    // 900 of 1,000 from the ledger, within a second.
    pace.note(done: 900, given: 900, at: 101)
    #expect(line(pace, 900, of: 1000, at: 101) == "replay:  900/1000 responses (90%)")
    // One response a second from then on.
    for second in 1...10 { pace.note(done: 900 + second, given: 900, at: 101 + Double(second)) }
    #expect(line(pace, 910, of: 1000, at: 111) == "replay:  910/1000 responses (91%)  1.0/s  1 min 30 s left")
    // What else is found in the ledger meanwhile doesn't make it faster.
    pace.note(done: 960, given: 950, at: 111)
    #expect(line(pace, 960, of: 1000, at: 111) == "replay:  960/1000 responses (96%)  1.0/s  40 s left")
  }

  @Test("The clock of a stage that reads its ledger first starts with what is asked")
  func longReading() {
    var pace = ProgressPace(began: 0)
    for second in 1...60 { pace.note(done: 10 * second, given: 10 * second, at: Double(second)) }
    for second in 1...10 { pace.note(done: 600 + 10 * second, given: 600, at: 60 + Double(second)) }
    #expect(line(pace, 700, of: 1400, at: 70) == "replay:  700/1400 responses (50%)  10/s  1 min 10 s left")
  }

  @Test("No estimate from too little: neither in the first seconds nor from the first few of many")
  func tooFew() throws {
    var pace = ProgressPace(began: 0)
    pace.note(done: 400, given: 0, at: 4)
    #expect(pace.secondsLeft(600, at: 4) == nil && pace.rate(at: 4) == 100)
    var slow = ProgressPace(began: 0)
    slow.note(done: 3, given: 0, at: 60)
    #expect(slow.secondsLeft(997, at: 60) == nil)
    // A twentieth of the work says it as well.
    #expect(try #require(slow.secondsLeft(57, at: 60)).rounded() == 1_140)
    // Stored responses are no part of that twentieth.
    var resumed = ProgressPace(began: 0)
    resumed.note(done: 9000, given: 9000, at: 0)
    resumed.note(done: 9003, given: 9000, at: 60)
    #expect(resumed.secondsLeft(997, at: 60) == nil)
  }

  @Test("After a pause the rate is measured anew, so that the wait is not spread over the rest")
  func pause() throws {
    var pace = ProgressPace(began: 0)
    for second in 1...20 { pace.note(done: 10 * second, given: 0, at: Double(second)) }
    #expect(pace.secondsLeft(800, at: 20) == 80)
    // A server asks for an hour of patience.
    pace.note(done: 210, given: 0, at: 3620)
    #expect(pace.secondsLeft(790, at: 3620) == nil && pace.rate(at: 3620) == nil)
    for second in 1...6 { pace.note(done: 210 + 10 * second, given: 0, at: 3620 + Double(second)) }
    #expect(try #require(pace.secondsLeft(730, at: 3626)) == 73)
  }

  @Test("Slow answers and large batches are no pauses")
  func slow() {
    var pace = ProgressPace(began: 0)
    for batch in 1...20 { pace.note(done: 64 * batch, given: 0, at: 90 * Double(batch)) }
    #expect(pace.secondsLeft(64, at: 1800) == 90)
  }

  @Test("Nothing says that no time is left while work is, and no estimate grows without bound")
  func extremes() {
    #expect(ProgressLine.duration(0.001) == "1 s" && ProgressLine.duration(0) == "1 s")
    #expect(ProgressLine.duration(59.5) == "1 min 0 s" && ProgressLine.duration(7260) == "2 h 1 min")
    #expect(ProgressLine.duration(3 * 86_400 + 3600) == "3 d 1 h")
    #expect(ProgressLine.duration(1e300) == "more than 100 d" && ProgressLine.duration(.infinity) == "more than 100 d")
    #expect(ProgressLine.rate(0.04) == "2/min" && ProgressLine.rate(0.001) == "4/h" && ProgressLine.rate(1e-9) == "1/h")
    #expect(ProgressLine.rate(2.46) == "2.5/s" && ProgressLine.rate(120.7) == "120/s")
    var pace = ProgressPace(began: 0)
    pace.note(done: 100, given: 0, at: 10)
    // What is done has no speed any more, whatever is waited for.
    #expect(
      line(pace, 100, of: 100, at: 500, note: "waiting for the judge, 3 judged so far")
        == "replay:  100/100 responses (100%)  waiting for the judge, 3 judged so far")
    #expect(line(pace, 0, of: nil, at: 10, note: "step 3 of 9").hasSuffix("step 3 of 9"))
  }

  @Test("A live line fits its terminal")
  func narrow() {
    var pace = ProgressPace(began: 0)
    pace.note(done: 500, given: 0, at: 10)
    let line = ProgressLine(
      stage: "replay", done: 500, total: 1000, unit: "responses", note: "候補モデルを待っています", pace: pace, at: 10)
    #expect(TerminalText.width(line.text) > 60)
    for columns in [20, 39, 79] { #expect(TerminalText.width(line.cut(to: columns)) <= columns) }
  }
}
