import Suites
import Testing

@Suite("Quiz questions")
struct QuizQuestionTests {
  @Test("A quiz answer counts where its words stand in the response, not inside other words")
  func quiz() {
    let question = QuizQuestion(question: "how many", answer: "Five lamps")
    #expect(question.isAnswered(by: "we have five lamps.") && question.isAnswered(by: "FIVE, lamps"))
    #expect(!question.isAnswered(by: "fifty-five lamp") && !question.isAnswered(by: "five red lamps"))
    #expect(!question.isAnswered(by: ""))
  }
}
