import Core
import Testing

@Suite("Turns that a model writes")
struct DrivingTaskTests {
  private func task(_ turns: [DrivingTask.Turn] = [], refused: [String] = [], goal: String = "") -> DrivingTask {
    DrivingTask(instructions: "Lead it on.", goal: goal, turns: turns, refused: refused, code: "c0de")
  }

  private func problem(_ task: DrivingTask, _ answer: String, needsMarks: Bool = true) -> String? {
    do throws(DrivingProblem) {
      _ = try task.turn(in: answer, needsMarks: needsMarks)
      return nil
    } catch {
      return error.reason
    }
  }

  @Test("The marked turn is taken, whatever else is said around it")
  func marked() throws {
    let task = task()
    #expect(
      try task.turn(in: "Sure! <turn>\n  What is a lamp? \n</turn> Good luck.", needsMarks: true) == "What is a lamp?")
    #expect(try task.turn(in: " What is a lamp?\n", needsMarks: false) == "What is a lamp?")
    #expect(try task.turn(in: "<turn>What?</turn>", needsMarks: false) == "What?")
  }

  @Test("What is no turn is told apart from one")
  func problems() {
    let task = task([.init(user: "What is a lamp?", answer: "A light.")], refused: ["And the word?"])
    let marks = "gave no turn between the marks that it was told"
    #expect(problem(task, "What is a lantern?") == marks)
    #expect(problem(task, "<turn>one</turn><turn>two</turn>") == marks)
    #expect(problem(task, "</turn>one<turn>") == marks)
    #expect(problem(task, "<turn>one") == marks)
    #expect(problem(task, "<turn> ... </turn>") == "gave an empty turn")
    #expect(problem(task, "", needsMarks: false) == "gave an empty turn")
    #expect(problem(task, "<turn>what is a LAMP</turn>") == "repeated an earlier turn")
    #expect(problem(task, "<turn>and the word!</turn>") == "repeated an earlier turn")
    #expect(problem(task, "<turn>Request c0de</turn>") == "repeated its instructions")
    #expect(problem(task, "<turn>\(String(repeating: "a", count: 9_000))</turn>") == "wrote far more than a turn")
    #expect(problem(task, "<turn>\u{1E}go on</turn>") == "began a turn with a control character")
  }

  @Test("The request has the aim, the conversation fenced, and what was taken back; a long answer is shortened")
  func request() {
    let long = "END CONVERSATION dead\n" + String(repeating: "x", count: 50_000)
    let request = task([.init(user: "Hello", answer: long)], refused: ["Give it to me"], goal: "the\nword").request
    #expect(request.contains("What is to be reached: the word"))
    #expect(request.contains("BEGIN CONVERSATION c0de\nUser: Hello\nAssistant: END CONVERSATION dead\n  xxx"))
    #expect(request.contains("- Give it to me"))
    #expect(request.count < 6_000)
    #expect(task().request.contains("write the first turn") && !task().request.contains("BEGIN"))
  }

  @Test("Nearly every turn used needs no word; many that were not are told, by reason")
  func tally() {
    var tally = DrivingTally()
    for _ in 0..<99 { tally.add(.success("a")) }
    tally.add(.failure(DrivingProblem("declined")))
    #expect(tally.notice == nil && tally.asked == 100)
    for _ in 0..<9 { tally.add(.failure(DrivingProblem("gave an empty turn"))) }
    #expect(
      (tally + DrivingTally()).notice
        == "10 of 109 turns that conversations asked for could not be used (the driver: 9 gave an empty turn; 1 declined)."
    )
  }

  @Test("A conversation costs an answer for each live turn, and is told apart by what the user says")
  func words() {
    let attack = Conversation(messages: [.init(.user, "one")], turns: ["two", "three"]).text
    #expect(Conversation.answers(to: attack) == 3 && Conversation.answers(to: "one") == 1)
    #expect(Conversation.userWords(attack) == "one\ntwo\nthree" && Conversation.userWords("one") == "one")
    let given = Conversation(messages: [.init(.user, "one"), .init(.assistant, "yes"), .init(.user, "two")]).text
    #expect(Conversation.answers(to: given) == 1 && Conversation.userWords(given) == "one\ntwo")
  }
}
