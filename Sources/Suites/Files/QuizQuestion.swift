/// A question with one right answer.
public struct QuizQuestion: Hashable, Sendable {
  /// What is asked.
  public let question: String
  /// The right answer, which a response has to hold.
  public let answer: String

  public init(question: String, answer: String) {
    self.question = question
    self.answer = answer
  }

  /// Whether `response` holds the answer as words of its own, in any case.
  public func isAnswered(by response: String) -> Bool {
    func words(_ text: String) -> [String] {
      text.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
    }
    let wanted = words(answer)
    let given = words(response)
    guard !wanted.isEmpty, given.count >= wanted.count else { return false }
    return (0...(given.count - wanted.count)).contains { given[$0..<($0 + wanted.count)].elementsEqual(wanted) }
  }
}
