/** Remembers answers for as many texts as are asked about again and again; all are forgotten when there are too many. */
export function memoized<Answer>(answerOf: (text: string) => Answer, atMost = 1000): (text: string) => Answer {
  const answers = new Map<string, Answer>()
  return (text) => {
    const known = answers.get(text)
    if (known !== undefined) return known
    const answer = answerOf(text)
    if (answers.size >= atMost) answers.clear()
    answers.set(text, answer)
    return answer
  }
}
